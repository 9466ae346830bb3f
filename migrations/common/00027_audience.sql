-- +goose NO TRANSACTION
-- +goose Up

-- Who finds an aggregate beside its owner: an executor his tasks and what is offered to
-- him. Made of the records that readdress an aggregate, behind the write path, by the
-- projection (00013); the newest one's rows stand alone.
CREATE TABLE IF NOT EXISTS audience (
    book  TEXT NOT NULL,
    flow  TEXT NOT NULL,
    name  TEXT NOT NULL,
    at_us INT8 NOT NULL,
    shard INT2 NOT NULL,
    id    TEXT NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (book, flow, name, at_us, shard, id)
);

-- What an aggregate was addressed to before.
CREATE INDEX IF NOT EXISTS audience_aggregate ON audience (shard, id);
