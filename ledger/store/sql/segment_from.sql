-- Reads the journal from the segment that contains number $2. Index: primary key of
-- segment. Rows: at most $3.
SELECT s.first_seq, s.count, s.clock_us, s.head, s.data
FROM segment AS s
WHERE s.shard = $1::INT2
    AND s.first_seq >= coalesce((
        SELECT b.first_seq
        FROM segment AS b
        WHERE b.shard = $1::INT2 AND b.first_seq <= $2::INT8
        ORDER BY b.first_seq DESC
        LIMIT 1
    ), 0)
ORDER BY s.first_seq
LIMIT $3::INT8;
