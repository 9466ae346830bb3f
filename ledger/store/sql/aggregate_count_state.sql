-- Counts all aggregates of a flow by state, for a desk. Index: aggregate_state, one seek
-- to the next state, then that state's part of it. Rows: one per state.
WITH RECURSIVE k AS (
    (
        SELECT a.state
        FROM aggregate AS a
        WHERE a.book = $1::TEXT AND a.flow = $2::TEXT
        ORDER BY a.state
        LIMIT 1
    )
    UNION ALL
    SELECT n.state
    FROM k
    CROSS JOIN LATERAL (
        SELECT a.state
        FROM aggregate AS a
        WHERE a.book = $1::TEXT AND a.flow = $2::TEXT AND a.state > k.state
        ORDER BY a.state
        LIMIT 1
    ) AS n
)

SELECT k.state, c.aggregates
FROM k
CROSS JOIN LATERAL (
    SELECT count(a.id) AS aggregates
    FROM aggregate AS a
    WHERE a.book = $1::TEXT AND a.flow = $2::TEXT AND a.state = k.state
) AS c
ORDER BY k.state;
