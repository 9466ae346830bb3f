-- Reads all aggregates of a shard, page by page, after ($2, $3, $4). Index: primary key
-- of aggregate. Rows: at most $5.
SELECT
    a.shard, a.book, a.flow, a.id, a.owner, a.state, a.version, a.data, a.progress,
    a.created_us, a.updated_us
FROM aggregate AS a
WHERE a.shard = $1::INT2 AND (a.book, a.flow, a.id) > ($2::TEXT, $3::TEXT, $4::TEXT)
ORDER BY a.book, a.flow, a.id
LIMIT $5::INT8;
