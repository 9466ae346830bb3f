-- Forgets a person's devices but the newest. Index: device_member, primary key of device.
-- Rows: none returned; as many deleted as are too many.
DELETE FROM device
WHERE book = $1::TEXT AND id = ANY(ARRAY(
    SELECT d.id FROM device AS d WHERE d.book = $1::TEXT AND d.member = $2::TEXT ORDER BY d.created DESC, d.id OFFSET $3::INT8));
