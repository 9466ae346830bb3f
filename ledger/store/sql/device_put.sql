-- Notes a device of a person; one that was somebody's is this person's now. Index: primary
-- key of device. Rows: none returned, one written.
INSERT INTO device (book, id, member, session, created, token)
VALUES ($1::TEXT, $2::TEXT, $3::TEXT, $4::TEXT, $5::TIMESTAMPTZ, $6::BYTEA)
ON CONFLICT (book, id) DO UPDATE SET
    member = excluded.member, session = excluded.session, created = excluded.created, token = excluded.token;
