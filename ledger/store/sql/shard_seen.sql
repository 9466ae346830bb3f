-- How far a snapshot sees each shard. Index: none. Rows: one per shard.
-- scan: ok because the table has one row per shard
SELECT shard.shard, shard.seq, shard.clock_us
FROM shard
ORDER BY shard.shard;
