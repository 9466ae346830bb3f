-- Counts all aggregates of a flow by state, for a desk. Index: aggregate_state, the
-- flow's part of it. Rows: one per state.
-- scan: ok because a desk counts a whole flow, seldom, in a snapshot that locks nothing
SELECT aggregate.state, count(aggregate.id) AS aggregates
FROM aggregate
WHERE aggregate.book = $1::TEXT AND aggregate.flow = $2::TEXT
GROUP BY aggregate.state
ORDER BY aggregate.state;
