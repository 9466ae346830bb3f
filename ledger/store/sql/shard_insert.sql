-- Makes a shard's row at its first take-over; raises when another owner was faster.
-- Index: primary key of shard. Rows: none returned, one written.
INSERT INTO shard (shard, epoch, next_offset, leader_epoch, topic_id, seq, head, clock_us)
VALUES ($1::INT2, 1, 0, -1, '00000000-0000-0000-0000-000000000000', 0, $2::BYTEA, 0);
