-- Writes words of private data; without a moment of the present. Index: primary key of
-- private_word. Rows: none returned.
INSERT INTO private_word (book, kind, hmac, at, id, version)
SELECT x.book, x.kind, x.hmac, coalesce(x.at, now()), x.id, x.version
FROM unnest($1::TEXT[], $2::TEXT[], $3::BYTEA[], $4::TIMESTAMPTZ[], $5::TEXT[], $6::INT8[])
    AS x (book, kind, hmac, at, id, version)
ON CONFLICT (book, kind, hmac, at, id, version) DO NOTHING;
