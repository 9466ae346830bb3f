-- Forgets a word of private data. Index: primary key of private_word. Rows: none returned.
DELETE FROM private_word AS w
WHERE w.book = $1::TEXT AND w.kind = $2::TEXT AND w.hmac = ANY($3::BYTEA[]) AND w.at = $4::TIMESTAMPTZ AND w.id = $5::TEXT;
