-- +goose NO TRANSACTION
-- +goose Up

-- Words by which private data is found: a keyed hash of the beginning of a word, bound to
-- the field and, of a task, to its company. Written with the version that has the words,
-- and of its moment; the newest come first.
CREATE TABLE IF NOT EXISTS private_word (
    book    TEXT        NOT NULL,
    kind    TEXT        NOT NULL,
    hmac    BYTEA       NOT NULL,
    at      TIMESTAMPTZ NOT NULL,
    id      TEXT        NOT NULL,
    version INT8        NOT NULL,
    PRIMARY KEY (book, kind, hmac, at, id, version)
);

-- What has been done once to everything that stood, by name: words of data from before
-- there were words.
CREATE TABLE IF NOT EXISTS upkept (
    name TEXT NOT NULL PRIMARY KEY
);
