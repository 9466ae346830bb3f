-- Writes index rows of private data. Index: primary key of private_index. Rows: none.
INSERT INTO private_index (book, kind, name, hmac, id)
SELECT x.book, x.kind, x.name, x.hmac, x.id
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BYTEA[], $5::TEXT[])
    AS x (book, kind, name, hmac, id)
ON CONFLICT (book, kind, name, hmac, id) DO NOTHING;
