-- +goose NO TRANSACTION
-- +goose Up

-- The journal: records' canonical bytes, length-prefixed, at most 32 KiB a row. What an
-- entry says stands here and nowhere else.
CREATE TABLE IF NOT EXISTS segment (
    shard     INT2  NOT NULL,
    first_seq INT8  NOT NULL CHECK (first_seq > 0),
    count     INT4  NOT NULL CHECK (count > 0),
    clock_us  INT8  NOT NULL,
    head      BYTEA NOT NULL CHECK (length(head) = 32),
    data      BYTEA NOT NULL,
    PRIMARY KEY (shard, first_seq)
);

-- A moment to the first record after it.
CREATE INDEX IF NOT EXISTS segment_clock ON segment (shard, clock_us, first_seq);

-- Keys of callers, for ever and over all shards. The id begins with a byte of the
-- key's hash, so that no shard and no moment makes a hot end.
CREATE TABLE IF NOT EXISTS idempotency (
    id           UUID  NOT NULL PRIMARY KEY,
    request_hash BYTEA NOT NULL,
    shard        INT2  NOT NULL,
    seq          INT8  NOT NULL
);
