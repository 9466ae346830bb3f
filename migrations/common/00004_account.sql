-- +goose NO TRANSACTION
-- +goose Up

-- Which accounts a shard has a stripe of, from the first touch on.
CREATE TABLE IF NOT EXISTS stripe (
    shard   INT2 NOT NULL,
    book    TEXT NOT NULL,
    type    TEXT NOT NULL,
    owner   TEXT NOT NULL,
    part    TEXT NOT NULL,
    asset   TEXT NOT NULL,
    account UUID NOT NULL,
    PRIMARY KEY (shard, book, type, owner, part, asset)
);

-- An account to its stripes.
CREATE INDEX IF NOT EXISTS stripe_account ON stripe (account, shard, asset);

-- Accounts that were opened by name, written by the account's home shard.
CREATE TABLE IF NOT EXISTS account (
    book      TEXT NOT NULL,
    name      TEXT NOT NULL,
    account   UUID NOT NULL,
    asset     TEXT NOT NULL,
    state     TEXT NOT NULL CHECK (state = 'open'),
    shard     INT2 NOT NULL,
    seq       INT8 NOT NULL,
    opened_us INT8 NOT NULL,
    PRIMARY KEY (book, name)
);

-- Holds as they stand. State: 1 placed, 2 settled, 3 voided, 4 expired. Id: shard and
-- the number of the record that placed it.
CREATE TABLE IF NOT EXISTS hold (
    shard      INT2    NOT NULL,
    seq        INT8    NOT NULL,
    account    UUID    NOT NULL,
    asset      TEXT    NOT NULL,
    book       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    state      INT2    NOT NULL,
    amount     NUMERIC NOT NULL,
    remaining  NUMERIC NOT NULL,
    expires_us INT8    NOT NULL,
    PRIMARY KEY (shard, seq, account, asset),
    CONSTRAINT hold_state CHECK (state IN (1, 2, 3, 4)),
    CONSTRAINT hold_left CHECK (
        (state = 1 AND remaining > 0 AND remaining <= amount)
        OR (state IN (2, 3, 4) AND remaining = 0)
    )
);

-- The holds of an account.
CREATE INDEX IF NOT EXISTS hold_account ON hold (shard, account, seq);
