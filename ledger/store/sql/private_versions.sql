-- Reads all versions of private data with the key that seals them. Index: primary keys
-- of private_data and of private_key. Rows: one per version.
SELECT d.book, d.kind, d.id, d.version, d.owner, d.data, d.created, coalesce(k.wrapper, ''), coalesce(k.wrapped, ''::BYTEA)
FROM private_data AS d
LEFT JOIN private_key AS k ON k.book = d.book AND k.owner = d.owner
WHERE d.book = $1::TEXT AND d.kind = $2::TEXT AND d.id = ANY($3::TEXT[])
ORDER BY d.id, d.version;
