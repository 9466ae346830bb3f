-- The first statement of every commit that leaves records: moves the shard's row, or
-- raises when epoch, offset or number are not the writer's (a pipelined COMMIT would
-- survive an UPDATE of no row). Index: primary key of shard. Rows: 1, always the value 1.
WITH moved AS (
    UPDATE shard
    SET next_offset = $5::INT8,
        leader_epoch = $6::INT4,
        topic_id = $7::UUID,
        seq = $8::INT8,
        head = $9::BYTEA,
        clock_us = greatest(shard.clock_us, $10::INT8)
    WHERE shard.shard = $1::INT2
        AND shard.epoch = $2::INT8
        AND shard.next_offset = $3::INT8
        AND shard.seq = $4::INT8
    RETURNING shard.shard
)

SELECT CASE
    WHEN count(moved.shard) = 1 THEN 1::INT8
    ELSE CAST('provodka-fenced ' || count(moved.shard)::TEXT AS INT8)
END AS guard
FROM moved;
