-- Reads a shard's state. Index: primary key of shard. Rows: 1 when it exists.
SELECT
    shard.shard, shard.epoch, shard.next_offset, shard.leader_epoch, shard.topic_id,
    shard.seq, shard.head, shard.clock_us
FROM shard
WHERE shard.shard = $1::INT2;
