-- Notes that a session was used. Index: primary key of session. Rows: one returned and
-- written, none when it has ended.
UPDATE session SET used = $2::TIMESTAMPTZ, ends = $3::TIMESTAMPTZ
WHERE hash = $1::BYTEA
RETURNING id;
