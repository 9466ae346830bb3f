-- Forgets a hint that was asked about, unless another was heard since. Index: primary key of
-- hint. Rows: none returned, one deleted or none.
DELETE FROM hint
WHERE hint.shard = $1::INT2 AND hint.attempt = $2::TEXT AND hint.heard_us = $3::INT8;
