-- The numbers of an aggregate's entries. Index: primary key of aggregate, one seek per
-- shard. Rows: one per shard that holds the aggregate, nearly always one.
SELECT a.shard, a.entries
FROM shard AS s
INNER JOIN aggregate AS a
    ON a.shard = s.shard AND a.book = $1::TEXT AND a.flow = $2::TEXT AND a.id = $3::TEXT
ORDER BY a.shard;
