-- Puts sealed data in the place of data that was not. Index: primary key of
-- private_data. Rows: none.
UPDATE private_data AS d
SET owner = $5::TEXT, data = $6::BYTEA
WHERE d.book = $1::TEXT AND d.kind = $2::TEXT AND d.id = $3::TEXT AND d.version = $4::INT8;
