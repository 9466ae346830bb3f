-- Keeps a published checkpoint when it is newer than the one that is there. Index:
-- primary key of tree. Rows: none returned, at most one written.
UPDATE tree
SET checkpoint_size = $2::INT8, checkpoint = $3::TEXT
WHERE tree.shard = $1::INT2 AND tree.checkpoint_size < $2::INT8;
