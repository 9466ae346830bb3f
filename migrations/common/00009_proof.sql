-- +goose NO TRANSACTION
-- +goose Up

-- The Merkle tree over a shard's journal, as far as it was made, and the newest
-- published checkpoint. It follows from the journal: with its tiles it can be deleted
-- and is made again.
CREATE TABLE IF NOT EXISTS tree (
    shard           INT2  NOT NULL PRIMARY KEY CHECK (shard >= 0),
    size            INT8  NOT NULL CHECK (size >= 0),
    head            BYTEA NOT NULL CHECK (length(head) = 32),
    checkpoint_size INT8  NOT NULL CHECK (checkpoint_size >= 0),
    checkpoint      TEXT  NOT NULL
);

-- The tree's hashes, 256 a tile; level 0 holds the leaves.
CREATE TABLE IF NOT EXISTS tile (
    shard  INT2  NOT NULL,
    level  INT2  NOT NULL CHECK (level >= 0),
    number INT8  NOT NULL CHECK (number >= 0),
    hashes BYTEA NOT NULL CHECK (length(hashes) > 0),
    PRIMARY KEY (shard, level, number)
);
