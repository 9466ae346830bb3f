-- Looks at a hint again later, unless another was heard since. Index: primary key of hint.
-- Rows: none returned, one written or none.
UPDATE hint SET tries = hint.tries + 1, due_us = $4::INT8
WHERE hint.shard = $1::INT2 AND hint.attempt = $2::TEXT AND hint.heard_us = $3::INT8;
