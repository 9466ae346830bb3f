-- A page of the private data that has a word, the newest first, behind the cursor ($4, $5,
-- $6). Index: primary key of private_word, one backward seek. Rows: at most $7.
SELECT w.at, w.id, w.version
FROM private_word AS w
WHERE w.book = $1::TEXT
    AND w.kind = $2::TEXT
    AND w.hmac = $3::BYTEA
    AND (w.at, w.id, w.version) < ($4::TIMESTAMPTZ, $5::TEXT, $6::INT8)
ORDER BY w.at DESC, w.id DESC, w.version DESC
LIMIT $7::INT8;
