-- Deletes index rows by their keyed hashes. Index: primary key of private_index. Rows: none.
DELETE FROM private_index AS i
WHERE i.book = $1::TEXT AND i.kind = $2::TEXT AND i.name = $3::TEXT AND i.hmac = ANY($4::BYTEA[]) AND i.id = ANY($5::TEXT[]);
