-- Lists keys that an installation key has wrapped, in no order. Index: private_key_wrapper.
-- Rows: at most $2.
SELECT k.book, k.owner, k.wrapper, k.wrapped
FROM private_key AS k
WHERE k.wrapper = $1::TEXT
LIMIT $2::INT8;
