-- Removes the timers that the batch closed. Index: primary key of timer. Rows: none
-- returned, at most one removed per id.
DELETE FROM timer
WHERE timer.shard = $1::INT2 AND timer.id = ANY($2::TEXT[]);
