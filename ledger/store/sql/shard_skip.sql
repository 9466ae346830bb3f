-- The only statement of a commit that leaves no record: moves offset and clock, or
-- raises as shard_advance does. Index: primary key of shard. Rows: 1, always the value 1.
WITH moved AS (
    UPDATE shard
    SET next_offset = $4::INT8,
        leader_epoch = $5::INT4,
        topic_id = $6::UUID,
        clock_us = greatest(shard.clock_us, $7::INT8)
    WHERE shard.shard = $1::INT2
        AND shard.epoch = $2::INT8
        AND shard.next_offset = $3::INT8
    RETURNING shard.shard
)

SELECT CASE
    WHEN count(moved.shard) = 1 THEN 1::INT8
    ELSE CAST('provodka-fenced ' || count(moved.shard)::TEXT AS INT8)
END AS guard
FROM moved;
