-- Notes how far a shard's messages are. Index: primary key of pushed. Rows: one returned
-- and written, none when they are the holder's no more.
UPDATE pushed SET seq = $3::INT8, held = $4::TIMESTAMPTZ
WHERE shard = $1::INT2 AND holder = $2::TEXT
RETURNING seq;
