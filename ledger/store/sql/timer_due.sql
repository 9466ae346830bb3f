-- Reads the timers due in a span, earliest first. Index: timer_due, from the span's
-- start. Rows: at most $4.
SELECT timer.book, timer.id, timer.due_us, timer.flow, timer.aggregate, timer.event
FROM timer
WHERE timer.shard = $1::INT2 AND timer.due_us >= $2::INT8 AND timer.due_us <= $3::INT8
ORDER BY timer.due_us, timer.id
LIMIT $4::INT8;
