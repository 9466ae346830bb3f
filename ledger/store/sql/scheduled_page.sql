-- A page of a book's scheduled entries of a state, by day, behind ($3, $4, $5). Index:
-- scheduled_day, one seek. Rows: at most $6.
SELECT s.shard, s.book, s.body
FROM scheduled AS s
WHERE s.book = $1::TEXT
    AND s.state = $2::INT2
    AND (s.day, s.shard, s.seq) > ($3::DATE, $4::INT2, $5::INT8)
ORDER BY s.day, s.shard, s.seq
LIMIT $6::INT8;
