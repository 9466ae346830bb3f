-- +goose NO TRANSACTION
-- +goose Up

-- How far the messages to devices are in each shard's journal, and who is at it.
CREATE TABLE IF NOT EXISTS pushed (
    shard  INT2        NOT NULL PRIMARY KEY,
    seq    INT8        NOT NULL,
    holder TEXT        NOT NULL,
    held   TIMESTAMPTZ NOT NULL
);
