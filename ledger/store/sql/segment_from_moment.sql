-- The first number that may have been recorded at or after moment $2: behind the last
-- segment that ended before it. Index: segment_clock, one backward seek. Rows: 1 unless
-- the journal begins later.
SELECT s.shard, s.first_seq + s.count AS seq
FROM segment AS s
WHERE s.shard = $1::INT2 AND s.clock_us < $2::INT8
ORDER BY s.clock_us DESC, s.first_seq DESC
LIMIT 1;
