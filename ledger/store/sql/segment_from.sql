-- Reads the journal from number $2 on: the segment that begins at or before it, and
-- those behind. Index: primary key of segment, one backward seek and one forward.
-- Rows: at most $3 + 1.
(
    SELECT s.first_seq, s.count, s.clock_us, s.head, s.data
    FROM segment AS s
    WHERE s.shard = $1::INT2 AND s.first_seq <= $2::INT8
    ORDER BY s.first_seq DESC
    LIMIT 1
)
UNION ALL
(
    SELECT s.first_seq, s.count, s.clock_us, s.head, s.data
    FROM segment AS s
    WHERE s.shard = $1::INT2 AND s.first_seq > $2::INT8
    ORDER BY s.first_seq
    LIMIT $3::INT8
);
