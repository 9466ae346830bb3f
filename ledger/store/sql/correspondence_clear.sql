-- Forgets a shard's correspondences: they are made anew. Index: primary key of correspondence. Rows:
-- none returned.
DELETE FROM correspondence
WHERE correspondence.shard = $1::INT2;
