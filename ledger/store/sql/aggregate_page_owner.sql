-- A page of an owner's aggregates of a flow in given states, newest first, behind
-- ($4, $5, $6). Each state gives a page, the page is the first of them all. Index:
-- aggregate_owner, one backward seek per state, then the primary key. Rows: at most $7.
SELECT
    a.shard, a.book, a.flow, a.id, a.owner, a.state, a.version, a.data, a.progress,
    a.created_us, a.updated_us
FROM (
    SELECT n.shard, n.id, n.created_us
    FROM unnest($3::TEXT[]) AS k (state)
    CROSS JOIN LATERAL (
        SELECT aggregate.shard, aggregate.id, aggregate.created_us
        FROM aggregate
        WHERE aggregate.book = $1::TEXT
            AND aggregate.flow = $2::TEXT
            AND aggregate.state = k.state
            AND aggregate.owner = $8::TEXT
            AND (aggregate.created_us, aggregate.shard, aggregate.id)
            < ($4::INT8, $5::INT2, $6::TEXT)
        ORDER BY aggregate.created_us DESC, aggregate.shard DESC, aggregate.id DESC
        LIMIT $7::INT8
    ) AS n
    ORDER BY n.created_us DESC, n.shard DESC, n.id DESC
    LIMIT $7::INT8
) AS p
INNER JOIN aggregate AS a
    ON a.shard = p.shard AND a.book = $1::TEXT AND a.flow = $2::TEXT AND a.id = p.id
ORDER BY a.created_us DESC, a.shard DESC, a.id DESC;
