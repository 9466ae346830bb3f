-- Deletes some sessions that are over. Index: session_ends, primary key of session. Rows:
-- none returned; at most the limit deleted.
DELETE FROM session
WHERE hash = ANY(ARRAY(SELECT s.hash FROM session AS s WHERE s.ends <= $1::TIMESTAMPTZ ORDER BY s.ends LIMIT $2::INT8));
