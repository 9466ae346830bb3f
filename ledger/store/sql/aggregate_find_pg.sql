-- Finds aggregates on whatever shard. PostgreSQL only, as aggregate_load_pg; CockroachDB
-- gets aggregate_find. Index: aggregate_once, one seek per key. Rows: at most one per key.
SELECT
    a.shard, a.book, a.flow, a.id, a.owner, a.state, a.version, a.data, a.progress,
    a.created_us, a.updated_us
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[]) AS k (book, flow, id)
CROSS JOIN LATERAL (
    SELECT
        aggregate.shard, aggregate.book, aggregate.flow, aggregate.id, aggregate.owner,
        aggregate.state, aggregate.version, aggregate.data, aggregate.progress,
        aggregate.created_us, aggregate.updated_us
    FROM aggregate
    WHERE aggregate.book = k.book AND aggregate.flow = k.flow AND aggregate.id = k.id
    LIMIT 1
) AS a
ORDER BY a.book, a.flow, a.id, a.shard;
