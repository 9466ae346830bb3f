-- Reads the segments that contain records. Index: primary key of segment, one backward
-- seek per record. Rows: one per segment.
WITH k AS (
    SELECT x.shard, x.seq
    FROM unnest($1::INT2[], $2::INT8[]) AS x (shard, seq)
), found AS (
    SELECT DISTINCT k.shard, s.first_seq
    FROM k
    CROSS JOIN LATERAL (
        SELECT b.first_seq, b.count
        FROM segment AS b
        WHERE b.shard = k.shard AND b.first_seq <= k.seq
        ORDER BY b.first_seq DESC
        LIMIT 1
    ) AS s
    WHERE k.seq < s.first_seq + s.count
)

SELECT g.shard, g.first_seq, g.count, g.clock_us, g.head, g.data
FROM found
INNER JOIN segment AS g ON g.shard = found.shard AND g.first_seq = found.first_seq
ORDER BY g.shard, g.first_seq;
