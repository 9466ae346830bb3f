-- Writes effects as they stand after the batch. Index: primary key of effect; open ones
-- are in effect_open too. Rows: none returned, one written per effect.
INSERT INTO effect (
    shard, attempt, state, book, flow, id, ask, port, verb, body, answers, due_us,
    result, status, opened_us, number
)
SELECT
    $1::INT2, x.attempt, x.state, x.book, x.flow, x.id, x.ask, x.port, x.verb, x.body,
    x.answers, x.due_us, x.result, x.status, x.opened_us, x.number
FROM unnest(
    $2::TEXT[], $3::INT2[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[], $8::TEXT[],
    $9::TEXT[], $10::BYTEA[], $11::INT4[], $12::INT8[], $13::TEXT[], $14::TEXT[],
    $15::INT8[], $16::INT8[]
) AS x (
    attempt, state, book, flow, id, ask, port, verb, body, answers, due_us,
    result, status, opened_us, number
)
ON CONFLICT (shard, attempt) DO UPDATE SET
    state = excluded.state,
    book = excluded.book,
    flow = excluded.flow,
    id = excluded.id,
    ask = excluded.ask,
    port = excluded.port,
    verb = excluded.verb,
    body = excluded.body,
    answers = excluded.answers,
    due_us = excluded.due_us,
    result = excluded.result,
    status = excluded.status,
    opened_us = excluded.opened_us,
    number = excluded.number;
