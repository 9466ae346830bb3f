-- Reads aggregates of a shard. Index: primary key of aggregate. Rows: at most one per key.
SELECT
    a.shard, a.book, a.flow, a.id, a.owner, a.state, a.version, a.data, a.progress,
    a.created_us, a.updated_us
FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[]) AS k (book, flow, id)
INNER JOIN aggregate AS a
    ON a.shard = $1::INT2 AND a.book = k.book AND a.flow = k.flow AND a.id = k.id;
