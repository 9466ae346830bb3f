-- Finds aggregates on whatever shard. Index: primary key of aggregate, one seek per
-- shard and key. Rows: at most one per key and shard, nearly always one per key.
SELECT
    a.shard, a.book, a.flow, a.id, a.owner, a.state, a.version, a.data, a.progress,
    a.created_us, a.updated_us
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[]) AS k (book, flow, id)
CROSS JOIN shard AS s
INNER JOIN aggregate AS a
    ON a.shard = s.shard AND a.book = k.book AND a.flow = k.flow AND a.id = k.id
ORDER BY a.book, a.flow, a.id, a.shard;
