-- +goose NO TRANSACTION
-- +goose Up

-- Keys of callers: found by hash, with what they may do.
CREATE TABLE IF NOT EXISTS api_key (
    id      TEXT        NOT NULL PRIMARY KEY,
    hash    BYTEA       NOT NULL UNIQUE,
    book    TEXT        NOT NULL,
    roles   TEXT[]      NOT NULL,
    created TIMESTAMPTZ NOT NULL
);

-- Personal data and documents, outside the log; commands carry id and version.
CREATE TABLE IF NOT EXISTS private_data (
    book    TEXT        NOT NULL,
    kind    TEXT        NOT NULL,
    id      TEXT        NOT NULL,
    version INT8        NOT NULL CHECK (version > 0),
    data    BYTEA       NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (book, kind, id, version)
);

-- Keyed hashes by which private data is found where equality matters.
CREATE TABLE IF NOT EXISTS private_index (
    book TEXT  NOT NULL,
    kind TEXT  NOT NULL,
    name TEXT  NOT NULL,
    hmac BYTEA NOT NULL,
    id   TEXT  NOT NULL,
    PRIMARY KEY (book, kind, name, hmac, id)
);
