-- Deletes the versions of private data that are older than one. Index: primary key of
-- private_data. Rows: none returned; those versions deleted.
DELETE FROM private_data AS d
WHERE d.book = $1::TEXT AND d.kind = $2::TEXT AND d.id = $3::TEXT AND d.version < $4::INT8;
