-- Moves a shard's tree from size $2 to $3. Index: primary key of tree. Rows: 1, or none
-- when the tree is no longer of that size.
UPDATE tree
SET size = $3::INT8, head = $4::BYTEA
WHERE tree.shard = $1::INT2 AND tree.size = $2::INT8
RETURNING tree.shard;
