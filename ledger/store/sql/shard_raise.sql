-- Raises a shard's epoch. Index: primary key of shard. Rows: 1 when the shard exists.
UPDATE shard
SET epoch = shard.epoch + 1
WHERE shard.shard = $1::INT2
RETURNING shard.epoch;
