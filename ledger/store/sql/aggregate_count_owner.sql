-- Counts an owner's aggregates of a flow by state. Index: aggregate_owner, the owner's
-- part of it. Rows: one per state.
SELECT aggregate.state, count(aggregate.id) AS aggregates
FROM aggregate
WHERE aggregate.book = $1::TEXT AND aggregate.flow = $2::TEXT AND aggregate.owner = $3::TEXT
GROUP BY aggregate.state
ORDER BY aggregate.state;
