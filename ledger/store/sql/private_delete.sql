-- Deletes all versions of private data of an owner. Index: primary key of private_data.
-- Rows: none.
DELETE FROM private_data AS d
WHERE d.book = $1::TEXT AND d.kind = $2::TEXT AND d.id = ANY($3::TEXT[]);
