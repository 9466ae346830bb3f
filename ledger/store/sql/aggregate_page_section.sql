-- A page of an owner's aggregates of a flow in one section of a state, newest first,
-- behind the cursor ($4, $5, $6). Index: aggregate_section, one backward seek. Rows: at
-- most $7.
SELECT
    a.shard, a.book, a.flow, a.id, a.owner, a.state, a.version, a.data, a.progress,
    a.created_us, a.updated_us
FROM aggregate AS a
WHERE a.book = $1::TEXT
    AND a.flow = $2::TEXT
    AND a.state = $3::TEXT
    AND a.owner = $8::TEXT
    AND a.section = $9::TEXT
    AND a.section <> ''
    AND (a.created_us, a.shard, a.id) < ($4::INT8, $5::INT2, $6::TEXT)
ORDER BY a.created_us DESC, a.shard DESC, a.id DESC
LIMIT $7::INT8;
