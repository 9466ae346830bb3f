-- Reads private data: the newest version up to $4. Index: primary key of private_data,
-- one backward seek. Rows: at most 1.
SELECT d.book, d.kind, d.id, d.version, d.data, d.created
FROM private_data AS d
WHERE d.book = $1::TEXT AND d.kind = $2::TEXT AND d.id = $3::TEXT AND d.version <= $4::INT8
ORDER BY d.version DESC
LIMIT 1;
