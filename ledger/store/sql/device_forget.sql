-- Forgets the devices of a person: all, or those that a session noted. Index:
-- device_member. Rows: none returned; a few deleted.
DELETE FROM device
WHERE book = $1::TEXT AND member = $2::TEXT AND ($3::TEXT = '' OR session = $3::TEXT);
