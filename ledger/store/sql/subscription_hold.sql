-- Takes a subscription that is due and that nobody works on. Index: primary key of
-- subscription. Rows: one returned and written, none when somebody else has it or it is
-- not as it was read.
UPDATE subscription SET holder = $4::TEXT, held = $5::TIMESTAMPTZ
WHERE book = $1::TEXT AND owner = $2::TEXT AND id = $3::TEXT
  AND paused = FALSE AND due <= $6::TIMESTAMPTZ AND held <= $6::TIMESTAMPTZ AND seq = $7::INT8
RETURNING id;
