-- Reads timers by id. Index: primary key of timer. Rows: at most one per id.
SELECT timer.book, timer.id, timer.due_us, timer.flow, timer.aggregate, timer.event
FROM timer
WHERE timer.shard = $1::INT2 AND timer.id = ANY($2::TEXT[])
ORDER BY timer.id;
