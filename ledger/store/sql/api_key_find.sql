-- Finds a caller's key by its hash. Index: the unique one on hash. Rows: at most 1.
SELECT k.id, k.hash, k.book, k.roles, k.owner, k.created
FROM api_key AS k
WHERE k.hash = $1::BYTEA;
