-- Begins a session. Index: primary key of session. Rows: none returned, one written.
INSERT INTO session (hash, id, book, owner, member, begun, used, ends, until, note)
VALUES ($1::BYTEA, $2::TEXT, $3::TEXT, $4::TEXT, $5::TEXT, $6::TIMESTAMPTZ, $7::TIMESTAMPTZ, $8::TIMESTAMPTZ, $9::TIMESTAMPTZ,
        $10::BYTEA);
