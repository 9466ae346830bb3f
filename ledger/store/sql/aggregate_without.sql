-- A flow's aggregates in a state that have none of flow $4 beside them under their id, oldest
-- first, behind the cursor ($5, $6, $7). Index: aggregate_state, one range, and a seek of
-- aggregate_once for each. Rows: at most $8.
SELECT
    a.shard, a.book, a.flow, a.id, a.owner, a.state, a.version, a.data, a.progress,
    a.created_us, a.updated_us
FROM aggregate AS a
WHERE a.book = $1::TEXT
    AND a.flow = $2::TEXT
    AND a.state = $3::TEXT
    AND (a.created_us, a.shard, a.id) > ($5::INT8, $6::INT2, $7::TEXT)
    AND NOT EXISTS (
        SELECT 1
        FROM aggregate AS b
        WHERE b.book = $1::TEXT AND b.flow = $4::TEXT AND b.id = a.id
    )
ORDER BY a.created_us, a.shard, a.id
LIMIT $8::INT8;
