-- Reads the keys that are taken. Index: primary key of idempotency. Rows: at most one
-- per key.
SELECT i.id, i.request_hash, i.shard, i.seq
FROM idempotency AS i
WHERE i.id = ANY($1::UUID[])
ORDER BY i.id;
