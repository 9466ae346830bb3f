-- +goose NO TRANSACTION
-- +goose Up

-- What the bank has told of an account of ours, operation by operation: its id, which is not for
-- ever, the line that it is in the books, and what it said last. Requisites stand here as keyed
-- hashes only: those of now (content), and those that the line's id was made of (made, nth).
CREATE TABLE IF NOT EXISTS bank_line (
    book      TEXT NOT NULL,
    account   TEXT NOT NULL,
    line      TEXT NOT NULL,
    operation TEXT NOT NULL,
    day       TEXT NOT NULL,
    debit     BOOL NOT NULL,
    amount    TEXT NOT NULL,
    content   TEXT NOT NULL,
    made      TEXT NOT NULL,
    nth       INT8 NOT NULL,
    PRIMARY KEY (book, account, line)
);

-- An operation is one line.
CREATE UNIQUE INDEX IF NOT EXISTS bank_line_operation ON bank_line (book, account, operation);

-- The lines of some days.
CREATE INDEX IF NOT EXISTS bank_line_day ON bank_line (book, account, day);

-- The lines whose ids were made of the same requisites.
CREATE INDEX IF NOT EXISTS bank_line_made ON bank_line (book, account, made);

-- The last day of an account's statement that was read wholly.
CREATE TABLE IF NOT EXISTS bank_read (
    book    TEXT NOT NULL,
    account TEXT NOT NULL,
    day     TEXT NOT NULL,
    PRIMARY KEY (book, account)
);
