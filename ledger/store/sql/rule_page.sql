-- A page of a shard's rules behind ($2, $3, $4). Index: primary key of rule, one seek.
-- Rows: at most $5.
SELECT r.shard, r.book, r.seq, r.body
FROM rule AS r
WHERE r.shard = $1::INT2
    AND (r.book, r.kind, r.subject) > ($2::TEXT, $3::TEXT, $4::TEXT)
ORDER BY r.book, r.kind, r.subject
LIMIT $5::INT8;
