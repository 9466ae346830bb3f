-- Lists the shards' states. Index: none. Rows: one per shard.
-- scan: ok because the table has one row per shard
SELECT
    shard.shard, shard.epoch, shard.next_offset, shard.leader_epoch, shard.topic_id,
    shard.seq, shard.head, shard.clock_us
FROM shard
ORDER BY shard.shard;
