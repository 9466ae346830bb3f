-- +goose NO TRANSACTION
-- +goose Up

-- How far final answers of a shard's journal were asked about again: one row for each
-- pause after an answer.
CREATE TABLE IF NOT EXISTS confirmed (
    shard   INT2 NOT NULL,
    pause_ms INT8 NOT NULL,
    seq     INT8 NOT NULL,
    PRIMARY KEY (shard, pause_ms)
);
