-- Reads private data with the key that seals it: the newest version up to $4. Index:
-- primary keys of private_data, one backward seek, and of private_key. Rows: at most 1.
SELECT d.book, d.kind, d.id, d.version, d.owner, d.data, d.created, coalesce(k.wrapper, ''), coalesce(k.wrapped, ''::BYTEA)
FROM private_data AS d
LEFT JOIN private_key AS k ON k.book = d.book AND k.owner = d.owner
WHERE d.book = $1::TEXT AND d.kind = $2::TEXT AND d.id = $3::TEXT AND d.version <= $4::INT8
ORDER BY d.version DESC
LIMIT 1;
