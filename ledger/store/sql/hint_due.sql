-- Reads the hints of a shard that are due, those that wait longest first. Index: hint_due.
-- Rows: at most $3.
SELECT h.attempt, h.says, h.answers, h.tries, h.heard_us
FROM hint AS h
WHERE h.shard = $1::INT2 AND h.due_us <= $2::INT8
ORDER BY h.due_us, h.attempt
LIMIT $3::INT8;
