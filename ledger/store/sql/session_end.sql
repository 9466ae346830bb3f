-- Ends a session of a user. Index: session_member. Rows: one returned and deleted, none
-- when the user has no such session.
DELETE FROM session
WHERE book = $1::TEXT AND member = $2::TEXT AND id = $3::TEXT
RETURNING id;
