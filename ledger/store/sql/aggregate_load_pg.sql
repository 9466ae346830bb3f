-- Reads aggregates of a shard. PostgreSQL only: a join would read the whole shard as long
-- as the table or its statistics are young; CockroachDB gets aggregate_load. Index: primary
-- key of aggregate, one seek per key. Rows: at most one per key.
SELECT
    a.shard, a.book, a.flow, a.id, a.owner, a.state, a.version, a.data, a.progress,
    a.created_us, a.updated_us
FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[]) AS k (book, flow, id)
CROSS JOIN LATERAL (
    SELECT
        aggregate.shard, aggregate.book, aggregate.flow, aggregate.id, aggregate.owner,
        aggregate.state, aggregate.version, aggregate.data, aggregate.progress,
        aggregate.created_us, aggregate.updated_us
    FROM aggregate
    WHERE aggregate.shard = $1::INT2 AND aggregate.book = k.book
        AND aggregate.flow = k.flow AND aggregate.id = k.id
    LIMIT 1
) AS a;
