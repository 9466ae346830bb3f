-- +goose NO TRANSACTION
-- +goose Up

-- What became of postbacks: a row for each time that one was sent, the last thousand of
-- each subscription. A log for people: nothing is decided by it.
CREATE TABLE IF NOT EXISTS delivery (
    book         TEXT        NOT NULL,
    owner        TEXT        NOT NULL,
    subscription TEXT        NOT NULL,
    at           TIMESTAMPTZ NOT NULL,
    seq          INT8        NOT NULL,
    shard        INT2        NOT NULL,
    event        TEXT        NOT NULL,
    attempt      INT4        NOT NULL,
    status       INT4        NOT NULL,
    latency_us   INT8        NOT NULL,
    error        TEXT        NOT NULL,
    next         TIMESTAMPTZ,
    PRIMARY KEY (book, owner, subscription, at, seq)
);
