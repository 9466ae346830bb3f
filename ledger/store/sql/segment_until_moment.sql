-- The last number that may have been recorded before moment $2: the end of the first
-- segment that ends at or after it. Index: segment_clock, one seek. Rows: 1 unless the
-- journal ends earlier.
SELECT s.shard, s.first_seq + s.count - 1 AS seq
FROM segment AS s
WHERE s.shard = $1::INT2 AND s.clock_us >= $2::INT8
ORDER BY s.clock_us, s.first_seq
LIMIT 1;
