-- +goose NO TRANSACTION
-- +goose Up

-- Aggregates by a day of theirs: lines of statements by value day, paid tasks by the day of their
-- payment; place '' finds them all, another one those of an account or a company. Made of moves,
-- behind the write path, by the projection (00013); the newest move's rows stand alone. day is 20261123.
CREATE TABLE IF NOT EXISTS dated (
    book   TEXT    NOT NULL,
    flow   TEXT    NOT NULL,
    place  TEXT    NOT NULL,
    state  TEXT    NOT NULL,
    day    INT4    NOT NULL,
    shard  INT2    NOT NULL,
    id     TEXT    NOT NULL,
    amount NUMERIC NOT NULL,
    PRIMARY KEY (book, flow, place, state, day, shard, id)
);

-- Where an aggregate stood before.
CREATE INDEX IF NOT EXISTS dated_aggregate ON dated (shard, id);
