-- Walks over the private data of some kinds with the keys that seal it, behind ($1, $2, $3,
-- $4). Index: primary keys of private_data and of private_key. Rows: at most $6.
-- scan: ok because it is done once to everything
SELECT d.book, d.kind, d.id, d.version, d.owner, d.data, d.created, coalesce(k.wrapper, ''), coalesce(k.wrapped, ''::BYTEA)
FROM private_data AS d
LEFT JOIN private_key AS k ON k.book = d.book AND k.owner = d.owner
WHERE (d.book, d.kind, d.id, d.version) > ($1::TEXT, $2::TEXT, $3::TEXT, $4::INT8)
    AND d.kind = ANY($5::TEXT[])
ORDER BY d.book, d.kind, d.id, d.version
LIMIT $6::INT8;
