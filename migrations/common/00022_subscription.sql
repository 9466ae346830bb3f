-- +goose NO TRANSACTION
-- +goose Up

-- To whom companies' postbacks go, and how far they are: everything of the shard's
-- journal up to seq is delivered. One process at a time works on a row: the holder,
-- until held.
CREATE TABLE IF NOT EXISTS subscription (
    book     TEXT        NOT NULL,
    owner    TEXT        NOT NULL,
    id       TEXT        NOT NULL,
    uri      TEXT        NOT NULL,
    method   TEXT        NOT NULL CHECK (method IN ('GET', 'POST')),
    events   TEXT[]      NOT NULL,
    shard    INT2        NOT NULL,
    seq      INT8        NOT NULL,
    paused   BOOL        NOT NULL,
    failures INT4        NOT NULL,
    failing  TIMESTAMPTZ NOT NULL,
    error    TEXT        NOT NULL,
    due      TIMESTAMPTZ NOT NULL,
    holder   TEXT        NOT NULL,
    held     TIMESTAMPTZ NOT NULL,
    created  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (book, owner, id)
);
