-- How far each shard's search tables follow its journal. Index: none. Rows: one per shard.
-- scan: ok because there is one row per shard
SELECT p.shard, p.seq, p.head, p.clock_us
FROM projection AS p
ORDER BY p.shard;
