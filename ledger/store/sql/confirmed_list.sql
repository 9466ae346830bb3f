-- How far final answers of a shard were asked about again. Index: primary key of confirmed.
-- Rows: one per pause.
SELECT c.pause_ms, c.seq
FROM confirmed AS c
WHERE c.shard = $1::INT2
ORDER BY c.pause_ms;
