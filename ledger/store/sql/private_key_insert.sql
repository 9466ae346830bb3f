-- Writes new keys of private data; those that exist stay as they are. Index: primary key
-- of private_key. Rows: none.
INSERT INTO private_key (book, owner, wrapper, wrapped, created)
SELECT x.book, x.owner, x.wrapper, x.wrapped, now()
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BYTEA[])
    AS x (book, owner, wrapper, wrapped)
ON CONFLICT (book, owner) DO NOTHING;
