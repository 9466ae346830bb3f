-- Reads all effects of a shard, page by page, after attempt $2. Index: primary key of
-- effect. Rows: at most $3.
SELECT
    effect.book, effect.attempt, effect.state, effect.flow, effect.id, effect.ask,
    effect.port, effect.verb, effect.body, effect.answers, effect.due_us, effect.result,
    effect.status, effect.opened_us, effect.number
FROM effect
WHERE effect.shard = $1::INT2 AND effect.attempt > $2::TEXT
ORDER BY effect.attempt
LIMIT $3::INT8;
