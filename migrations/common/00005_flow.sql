-- +goose NO TRANSACTION
-- +goose Up

-- Aggregates of product flows. Progress: a journal Move that holds the attempts of each
-- ask and the open timers. Entries: numbers of the records that booked for it.
CREATE TABLE IF NOT EXISTS aggregate (
    shard      INT2   NOT NULL,
    book       TEXT   NOT NULL,
    flow       TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    owner      TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    version    INT8   NOT NULL CHECK (version > 0),
    data       BYTEA  NOT NULL,
    progress   BYTEA  NOT NULL,
    entries    INT8[] NOT NULL,
    created_us INT8   NOT NULL,
    updated_us INT8   NOT NULL,
    PRIMARY KEY (shard, book, flow, id)
);

-- An owner's list, by state, newest first.
CREATE INDEX IF NOT EXISTS aggregate_owner ON aggregate (book, flow, owner, state, created_us, shard, id);

-- A desk's list of all owners, by state, newest first.
CREATE INDEX IF NOT EXISTS aggregate_state ON aggregate (book, flow, state, created_us, shard, id);

-- Intents to ask the world. State: 1 open, 2 in doubt, 3 closed.
CREATE TABLE IF NOT EXISTS effect (
    shard     INT2  NOT NULL,
    attempt   TEXT  NOT NULL,
    state     INT2  NOT NULL,
    book      TEXT  NOT NULL,
    flow      TEXT  NOT NULL,
    id        TEXT  NOT NULL,
    ask       TEXT  NOT NULL,
    port      TEXT  NOT NULL,
    verb      TEXT  NOT NULL,
    body      BYTEA NOT NULL,
    answers   INT4  NOT NULL,
    due_us    INT8  NOT NULL,
    result    TEXT  NOT NULL,
    status    TEXT  NOT NULL,
    opened_us INT8  NOT NULL,
    number    INT8  NOT NULL,
    PRIMARY KEY (shard, attempt),
    CONSTRAINT effect_state CHECK (state IN (1, 2, 3)),
    CONSTRAINT effect_answers CHECK (
        (state = 1 AND answers = 0 AND result = '')
        OR (state = 2 AND answers > 0 AND result NOT IN ('done', 'refused'))
        OR (state = 3 AND answers > 0)
    )
);

-- What is to be asked: an effect leaves it when its final answer is known.
CREATE INDEX IF NOT EXISTS effect_open ON effect (shard, attempt) WHERE state < 3;

-- Events of the future that stand.
CREATE TABLE IF NOT EXISTS timer (
    shard     INT2 NOT NULL,
    id        TEXT NOT NULL,
    due_us    INT8 NOT NULL,
    book      TEXT NOT NULL,
    flow      TEXT NOT NULL,
    aggregate TEXT NOT NULL,
    event     TEXT NOT NULL,
    PRIMARY KEY (shard, id)
);

-- Read from the last passed moment on, never over the graves of the older ones.
CREATE INDEX IF NOT EXISTS timer_due ON timer (shard, due_us, id);

-- What the gathering between stripes has to remember: the last word about each thing.
-- Kind: 1 a parked command, 3 a message sent, 4 the last message applied of a peer,
-- 5 the state of an account.
CREATE TABLE IF NOT EXISTS gather (
    shard   INT2  NOT NULL,
    kind    INT2  NOT NULL CHECK (kind IN (1, 3, 4, 5)),
    id      TEXT  NOT NULL,
    seq     INT8  NOT NULL,
    part    INT2  NOT NULL,
    book    TEXT  NOT NULL,
    account TEXT  NOT NULL,
    key     TEXT  NOT NULL,
    peer    INT4  NOT NULL,
    number  INT8  NOT NULL,
    body    BYTEA NOT NULL,
    PRIMARY KEY (shard, kind, id)
);
