-- Finds private data by keyed hashes. Index: primary key of private_index. Rows: one per
-- hash and id, usually one per hash.
SELECT i.book, i.kind, i.name, i.hmac, i.id
FROM private_index AS i
WHERE i.book = $1::TEXT AND i.kind = $2::TEXT AND i.name = $3::TEXT AND i.hmac = ANY($4::BYTEA[])
ORDER BY i.hmac, i.id;
