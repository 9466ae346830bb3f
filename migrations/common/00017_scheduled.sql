-- +goose NO TRANSACTION
-- +goose Up

-- Entries of later days as they stand. Id: shard and the number of the record that
-- scheduled it. State: 1 waits, 2 posted, 3 cancelled, 4 failed. Body: a journal
-- Scheduled.
CREATE TABLE IF NOT EXISTS scheduled (
    shard INT2  NOT NULL,
    seq   INT8  NOT NULL,
    book  TEXT  NOT NULL,
    state INT2  NOT NULL CHECK (state IN (1, 2, 3, 4)),
    day   DATE  NOT NULL,
    body  BYTEA NOT NULL,
    PRIMARY KEY (shard, seq)
);

-- A book's list, by state and day.
CREATE INDEX IF NOT EXISTS scheduled_day ON scheduled (book, state, day, shard, seq);
