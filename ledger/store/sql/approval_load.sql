-- Reads what two people decide by the numbers of the records that asked. Index: primary
-- key of approval. Rows: at most one per number.
SELECT a.shard, a.book, a.body
FROM approval AS a
WHERE a.shard = $1::INT2 AND a.seq = ANY($2::INT8[])
ORDER BY a.seq;
