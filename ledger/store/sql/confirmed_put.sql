-- Notes how far final answers were asked about again; never back. Index: primary key of
-- confirmed. Rows: none returned, one written.
INSERT INTO confirmed (shard, pause_ms, seq)
VALUES ($1::INT2, $2::INT8, $3::INT8)
ON CONFLICT (shard, pause_ms) DO UPDATE SET seq = greatest(confirmed.seq, excluded.seq);
