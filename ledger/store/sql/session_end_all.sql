-- Ends the sessions of a user that began before a moment. Index: session_member. Rows: none
-- returned; as many deleted as the user had.
DELETE FROM session
WHERE book = $1::TEXT AND member = $2::TEXT AND begun < $3::TIMESTAMPTZ;
