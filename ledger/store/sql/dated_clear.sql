-- Forgets by which days a shard's aggregates are found: it is made anew. Index: dated_aggregate.
-- Rows: none returned.
DELETE FROM dated
WHERE dated.shard = $1::INT2;
