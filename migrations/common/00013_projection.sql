-- +goose NO TRANSACTION
-- +goose Up

-- How far the tables below follow a shard's journal: they are made of committed records
-- behind the write path, each record once. Without its row a shard's part is made anew
-- from the journal's beginning.
CREATE TABLE IF NOT EXISTS projection (
    shard    INT2  NOT NULL PRIMARY KEY,
    seq      INT8  NOT NULL CHECK (seq > 0),
    head     BYTEA NOT NULL CHECK (length(head) = 32),
    clock_us INT8  NOT NULL
);

-- What records are found by: a hash of book, sort (link, metadata, step of a flow), name
-- and value. The words themselves stand in the journal alone.
CREATE TABLE IF NOT EXISTS mark (
    shard    INT2 NOT NULL,
    mark     UUID NOT NULL,
    seq      INT8 NOT NULL,
    clock_us INT8 NOT NULL,
    PRIMARY KEY (shard, mark, seq)
);

-- What the entries of a business month moved from type to type: the general ledger.
CREATE TABLE IF NOT EXISTS correspondence (
    shard  INT2    NOT NULL,
    book   TEXT    NOT NULL,
    month  TEXT    NOT NULL,
    debit  TEXT    NOT NULL,
    credit TEXT    NOT NULL,
    asset  TEXT    NOT NULL,
    amount NUMERIC NOT NULL CHECK (amount > 0),
    PRIMARY KEY (shard, book, month, debit, credit, asset)
);
