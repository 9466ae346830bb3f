-- Forgets a device of a person, as it was noted. Index: primary key of device. Rows: one
-- returned and deleted, none when it is not so.
DELETE FROM device
WHERE book = $1::TEXT AND id = $2::TEXT AND member = $3::TEXT AND created <= $4::TIMESTAMPTZ
RETURNING id;
