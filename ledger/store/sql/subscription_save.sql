-- Notes how far a subscription's holder is. Index: primary key of subscription. Rows: one
-- returned and written, none when it is the holder's no more.
UPDATE subscription SET
    seq = $5::INT8, paused = $6::BOOL, failures = $7::INT4, failing = $8::TIMESTAMPTZ, error = $9::TEXT,
    due = $10::TIMESTAMPTZ, held = $11::TIMESTAMPTZ
WHERE book = $1::TEXT AND owner = $2::TEXT AND id = $3::TEXT AND holder = $4::TEXT
RETURNING id;
