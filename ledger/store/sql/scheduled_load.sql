-- Reads scheduled entries by the numbers of the records that scheduled them. Index:
-- primary key of scheduled. Rows: at most one per number.
SELECT s.shard, s.book, s.body
FROM scheduled AS s
WHERE s.shard = $1::INT2 AND s.seq = ANY($2::INT8[])
ORDER BY s.seq;
