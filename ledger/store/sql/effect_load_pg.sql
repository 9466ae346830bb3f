-- Reads effects by attempt. PostgreSQL only, as aggregate_load_pg; CockroachDB gets
-- effect_load. Index: primary key of effect, one seek per attempt. Rows: at most one per
-- attempt.
SELECT
    e.book, e.attempt, e.state, e.flow, e.id, e.ask, e.port, e.verb, e.body, e.answers,
    e.due_us, e.result, e.status, e.opened_us, e.number
FROM unnest($2::TEXT[]) AS k (attempt)
CROSS JOIN LATERAL (
    SELECT
        effect.book, effect.attempt, effect.state, effect.flow, effect.id, effect.ask,
        effect.port, effect.verb, effect.body, effect.answers, effect.due_us,
        effect.result, effect.status, effect.opened_us, effect.number
    FROM effect
    WHERE effect.shard = $1::INT2 AND effect.attempt = k.attempt
    LIMIT 1
) AS e
ORDER BY e.attempt;
