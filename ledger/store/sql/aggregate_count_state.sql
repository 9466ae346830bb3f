-- Counts all aggregates of a flow by state, for a desk: reads the flow's part of the
-- index. Index: aggregate_state. Rows: one per state.
SELECT aggregate.state, count(aggregate.id) AS aggregates
FROM aggregate
WHERE aggregate.book = $1::TEXT AND aggregate.flow = $2::TEXT
GROUP BY aggregate.state
ORDER BY aggregate.state;
