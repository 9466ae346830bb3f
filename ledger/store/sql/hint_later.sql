-- Looks at hints again later, but for those about which another was heard since. Index:
-- primary key of hint. Rows: none returned, at most one written per attempt.
UPDATE hint SET tries = hint.tries + 1, due_us = x.due_us
FROM unnest($2::TEXT[], $3::INT8[], $4::INT8[]) AS x (attempt, heard_us, due_us)
WHERE hint.shard = $1::INT2 AND hint.attempt = x.attempt AND hint.heard_us = x.heard_us;
