-- Reads a shard's tree. Index: primary key of tree. Rows: at most 1.
SELECT tree.size, tree.head, tree.checkpoint_size, tree.checkpoint
FROM tree
WHERE tree.shard = $1::INT2;
