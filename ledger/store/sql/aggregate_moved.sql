-- The entries of an owner's aggregates of a flow that moved at or after moment $4, or stand
-- in one of the states $5. Index: aggregate_owner, one range: all of the owner's aggregates
-- of the flow. Rows: one per aggregate.
SELECT a.shard, a.id, a.entries
FROM aggregate AS a
WHERE a.book = $1::TEXT
    AND a.flow = $2::TEXT
    AND a.owner = $3::TEXT
    AND (a.updated_us >= $4::INT8 OR a.state = ANY($5::TEXT[]))
ORDER BY a.state, a.created_us, a.shard, a.id;
