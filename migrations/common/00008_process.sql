-- +goose NO TRANSACTION
-- +goose Up

-- The processes that are alive, until when by the database's clock: shards are shared
-- evenly among those that own any.
CREATE TABLE IF NOT EXISTS process (
    name        TEXT        NOT NULL PRIMARY KEY,
    owns        BOOL        NOT NULL,
    alive_until TIMESTAMPTZ NOT NULL
);
