-- Reads segments of a shard by their beginning. Index: primary key of segment. Rows: at
-- most one per number.
SELECT s.shard, s.first_seq, s.count, s.clock_us, s.head, s.data
FROM segment AS s
WHERE s.shard = $1::INT2 AND s.first_seq = ANY($2::INT8[])
ORDER BY s.first_seq;
