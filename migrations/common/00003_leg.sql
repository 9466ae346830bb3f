-- +goose NO TRANSACTION
-- +goose Up

-- Every change of a stripe, with its sums after it; append-only. The newest row of a
-- stripe is its balance. Kind: 1 debit, 2 credit, 3 hold on debits, 4 hold on credits.
CREATE TABLE IF NOT EXISTS leg (
    shard       INT2    NOT NULL,
    account     UUID    NOT NULL,
    asset       TEXT    NOT NULL,
    seq         INT8    NOT NULL,
    leg         INT2    NOT NULL,
    kind        INT2    NOT NULL CHECK (kind IN (1, 2, 3, 4)),
    amount      NUMERIC NOT NULL,
    version     INT8    NOT NULL CHECK (version > 0),
    clock_us    INT8    NOT NULL,
    day         DATE    NOT NULL,
    debit       NUMERIC NOT NULL,
    credit      NUMERIC NOT NULL,
    held_debit  NUMERIC NOT NULL,
    held_credit NUMERIC NOT NULL,
    PRIMARY KEY (shard, account, asset, seq, leg)
);

-- Posting legs whose effective day is not the day they were recorded on, with running
-- sums of that effective day in the stripe: what a balance "as of a day, as known at a
-- moment" adds to the newest leg of the earlier moment.
CREATE TABLE IF NOT EXISTS late (
    shard    INT2    NOT NULL,
    account  UUID    NOT NULL,
    asset    TEXT    NOT NULL,
    day      DATE    NOT NULL,
    seq      INT8    NOT NULL,
    leg      INT2    NOT NULL,
    kind     INT2    NOT NULL CHECK (kind IN (1, 2)),
    amount   NUMERIC NOT NULL,
    clock_us INT8    NOT NULL,
    debit    NUMERIC NOT NULL,
    credit   NUMERIC NOT NULL,
    PRIMARY KEY (shard, account, asset, day, seq, leg)
);

-- Running sums of a type of account: one row per touched type and commit.
CREATE TABLE IF NOT EXISTS total (
    shard  INT2    NOT NULL,
    book   TEXT    NOT NULL,
    type   TEXT    NOT NULL,
    asset  TEXT    NOT NULL,
    seq    INT8    NOT NULL,
    debit  NUMERIC NOT NULL,
    credit NUMERIC NOT NULL,
    PRIMARY KEY (shard, book, type, asset, seq)
);
