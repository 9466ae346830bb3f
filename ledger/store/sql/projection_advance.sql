-- Moves a shard's projection on, or raises when it does not stand where the caller
-- believes. Index: primary key of projection. Rows: 1, always the value 1.
WITH moved AS (
    UPDATE projection
    SET seq = $3::INT8, head = $4::BYTEA, clock_us = $5::INT8
    WHERE projection.shard = $1::INT2 AND projection.seq = $2::INT8
    RETURNING projection.shard
)

SELECT CASE
    WHEN count(moved.shard) = 1 THEN 1::INT8
    ELSE CAST('provodka-fenced ' || count(moved.shard)::TEXT AS INT8)
END AS guard
FROM moved;
