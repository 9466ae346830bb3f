-- One rule of a shard: whether there is any. Index: primary key of rule. Rows: at most 1.
SELECT r.shard, r.book, r.seq, r.body
FROM rule AS r
WHERE r.shard = $1::INT2
ORDER BY r.book, r.kind, r.subject
LIMIT 1;
