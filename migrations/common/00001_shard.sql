-- +goose NO TRANSACTION
-- +goose Up

-- The state of a shard, one row each: who may write (epoch), where the input goes on,
-- and the head of the journal. Every commit of the shard compares and moves it.
CREATE TABLE IF NOT EXISTS shard (
    shard        INT2  NOT NULL PRIMARY KEY CHECK (shard >= 0),
    epoch        INT8  NOT NULL CHECK (epoch > 0),
    next_offset  INT8  NOT NULL CHECK (next_offset >= 0),
    leader_epoch INT4  NOT NULL,
    topic_id     UUID  NOT NULL,
    seq          INT8  NOT NULL CHECK (seq >= 0),
    head         BYTEA NOT NULL CHECK (length(head) = 32),
    clock_us     INT8  NOT NULL CHECK (clock_us >= 0)
);

-- Who may run a shard, until when by the database's clock. Apart from the shard row:
-- commits back to back would starve the renewals.
CREATE TABLE IF NOT EXISTS lease (
    shard       INT2        NOT NULL PRIMARY KEY CHECK (shard >= 0),
    owner       TEXT        NOT NULL,
    beat        INT8        NOT NULL,
    lease_until TIMESTAMPTZ NOT NULL
);

-- Processes that said that they are alive, and whether they own shards: the leases are
-- shared out among those.
CREATE TABLE IF NOT EXISTS process (
    id          TEXT        NOT NULL PRIMARY KEY,
    owns        BOOL        NOT NULL,
    beat        INT8        NOT NULL,
    alive_until TIMESTAMPTZ NOT NULL
);
