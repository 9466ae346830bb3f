-- Begins a shard's tree. Index: primary key of tree. Rows: none returned, at most one
-- written.
INSERT INTO tree (shard, size, head, checkpoint_size, checkpoint)
VALUES ($1::INT2, 0, $2::BYTEA, 0, '')
ON CONFLICT (shard) DO NOTHING;
