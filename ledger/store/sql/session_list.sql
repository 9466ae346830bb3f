-- Lists the sessions of a user that are not over, by id. Index: session_member. Rows: at
-- most the limit.
SELECT s.hash, s.id, s.book, s.owner, s.member, s.begun, s.used, s.ends, s.until, s.note
FROM session AS s
WHERE s.book = $1::TEXT AND s.member = $2::TEXT AND s.ends > $3::TIMESTAMPTZ
ORDER BY s.id
LIMIT $4::INT8;
