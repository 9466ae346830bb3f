-- Writes the timers that the batch set or moved. Index: primary key and timer_due.
-- Rows: none returned, one written per timer.
INSERT INTO timer (shard, id, due_us, book, flow, aggregate, event)
SELECT $1::INT2, x.id, x.due_us, x.book, x.flow, x.aggregate, x.event
FROM unnest($2::TEXT[], $3::INT8[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[])
    AS x (id, due_us, book, flow, aggregate, event)
ON CONFLICT (shard, id) DO UPDATE SET
    due_us = excluded.due_us,
    book = excluded.book,
    flow = excluded.flow,
    aggregate = excluded.aggregate,
    event = excluded.event;
