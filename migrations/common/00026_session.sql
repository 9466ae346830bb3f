-- +goose NO TRANSACTION
-- +goose Up

-- Sessions of companies' users: found by the hash of their token, which stands nowhere.
-- One that began before the moment that its user's aggregate names is over whatever
-- stands here; ends is the end by idleness or by age, whichever is first.
CREATE TABLE IF NOT EXISTS session (
    hash    BYTEA       NOT NULL PRIMARY KEY,
    id      TEXT        NOT NULL,
    book    TEXT        NOT NULL,
    owner   TEXT        NOT NULL,
    member  TEXT        NOT NULL,
    begun   TIMESTAMPTZ NOT NULL,
    used    TIMESTAMPTZ NOT NULL,
    ends    TIMESTAMPTZ NOT NULL,
    until   TIMESTAMPTZ NOT NULL
);

-- A user's sessions.
CREATE INDEX IF NOT EXISTS session_member ON session (book, member, id);

-- What is over.
CREATE INDEX IF NOT EXISTS session_ends ON session (ends);
