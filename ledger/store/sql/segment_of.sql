-- Reads the segments that contain records. Index: primary key of segment, one backward
-- seek per record, and one more per segment. Rows: one per segment.
WITH found AS (
    SELECT DISTINCT x.shard, s.first_seq
    FROM unnest($1::INT2[], $2::INT8[]) AS x (shard, seq)
    CROSS JOIN LATERAL (
        SELECT b.first_seq, b.count
        FROM segment AS b
        WHERE b.shard = x.shard AND b.first_seq <= x.seq
        ORDER BY b.first_seq DESC
        LIMIT 1
    ) AS s
    WHERE x.seq < s.first_seq + s.count
)

SELECT found.shard, g.first_seq, g.count, g.clock_us, g.head, g.data
FROM found
CROSS JOIN LATERAL (
    SELECT s.first_seq, s.count, s.clock_us, s.head, s.data
    FROM segment AS s
    WHERE s.shard = found.shard AND s.first_seq = found.first_seq
    LIMIT 1
) AS g
ORDER BY found.shard, g.first_seq;
