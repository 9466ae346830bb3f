-- Makes a caller's key, or changes what it may do. Index: primary key of api_key. Rows:
-- none returned, one written.
INSERT INTO api_key (id, hash, book, roles, owner, created)
VALUES ($1::TEXT, $2::BYTEA, $3::TEXT, $4::TEXT[], $5::TEXT, now())
ON CONFLICT (id) DO UPDATE SET
    hash = excluded.hash,
    book = excluded.book,
    roles = excluded.roles,
    owner = excluded.owner;
