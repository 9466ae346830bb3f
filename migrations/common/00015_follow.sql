-- +goose NO TRANSACTION
-- +goose Up

-- Which records of a shard went on from which. Kind: 1 changed, settled or gave back the
-- hold that seq placed; 2 gave the entry back that seq posted.
CREATE TABLE IF NOT EXISTS follow (
    shard    INT2 NOT NULL,
    seq      INT8 NOT NULL,
    kind     INT2 NOT NULL CHECK (kind IN (1, 2)),
    next_seq INT8 NOT NULL CHECK (next_seq > seq),
    PRIMARY KEY (shard, seq, kind, next_seq)
);
