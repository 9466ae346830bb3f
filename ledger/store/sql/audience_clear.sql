-- Forgets who finds a shard's aggregates: it is made anew. Index: audience_aggregate. Rows: none
-- returned.
DELETE FROM audience
WHERE audience.shard = $1::INT2;
