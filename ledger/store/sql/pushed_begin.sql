-- Begins the messages of a shard at a record, once. Index: primary key of pushed. Rows:
-- none returned, one written or none when it is there.
INSERT INTO pushed (shard, seq, holder, held) VALUES ($1::INT2, $2::INT8, '', $3::TIMESTAMPTZ)
ON CONFLICT (shard) DO NOTHING;
