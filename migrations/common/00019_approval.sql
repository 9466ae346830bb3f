-- +goose NO TRANSACTION
-- +goose Up

-- What two people decide, as it stands. Id: shard and the number of the record that asked.
-- State: 1 waits, 2 approved, 3 refused, 4 withdrawn, 5 expired. Body: a journal Approval.
CREATE TABLE IF NOT EXISTS approval (
    shard INT2  NOT NULL,
    seq   INT8  NOT NULL,
    book  TEXT  NOT NULL,
    state INT2  NOT NULL CHECK (state IN (1, 2, 3, 4, 5)),
    body  BYTEA NOT NULL,
    PRIMARY KEY (shard, seq)
);

-- A book's list, by state.
CREATE INDEX IF NOT EXISTS approval_state ON approval (book, state, shard, seq);
