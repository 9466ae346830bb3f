-- +goose NO TRANSACTION
-- +goose Up

-- How far the continuous auditor has checked a shard's events: the next offset, the last
-- record with its hash, and what the order of the next one is checked against.
CREATE TABLE IF NOT EXISTS audited (
    shard          INT2  NOT NULL PRIMARY KEY CHECK (shard >= 0),
    next_offset    INT8  NOT NULL,
    seq            INT8  NOT NULL,
    head           BYTEA NOT NULL CHECK (length(head) = 32),
    clock_us       INT8  NOT NULL,
    command_offset INT8  NOT NULL,
    inside         BOOL  NOT NULL
);

-- What the auditor found, with the evidence: the event as it was read.
CREATE TABLE IF NOT EXISTS finding (
    shard    INT2        NOT NULL,
    seq      INT8        NOT NULL,
    place    TEXT        NOT NULL,
    what     TEXT        NOT NULL,
    expected TEXT        NOT NULL,
    found    TEXT        NOT NULL,
    book     TEXT        NOT NULL,
    accounts TEXT[]      NOT NULL,
    event    BYTEA       NOT NULL,
    noted    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (shard, seq, what)
);
