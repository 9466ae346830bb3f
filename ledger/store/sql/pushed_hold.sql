-- Takes a shard's messages that nobody is at. Index: primary key of pushed. Rows: one
-- returned and written, none when somebody else has them.
UPDATE pushed SET holder = $2::TEXT, held = $4::TIMESTAMPTZ
WHERE shard = $1::INT2 AND (holder = $2::TEXT OR held <= $3::TIMESTAMPTZ)
RETURNING seq;
