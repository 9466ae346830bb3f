-- A page of what a book's people decide, of a state, behind ($3, $4). Index:
-- approval_state, one seek. Rows: at most $5.
SELECT a.shard, a.book, a.body
FROM approval AS a
WHERE a.book = $1::TEXT
    AND a.state = $2::INT2
    AND (a.shard, a.seq) > ($3::INT2, $4::INT8)
ORDER BY a.shard, a.seq
LIMIT $5::INT8;
