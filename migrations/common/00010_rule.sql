-- +goose NO TRANSACTION
-- +goose Up

-- Rules as a shard holds them: how accounts stand. Every shard holds every rule. Body:
-- provodka.journal.v1.Rule.
CREATE TABLE IF NOT EXISTS rule (
    shard   INT2  NOT NULL,
    book    TEXT  NOT NULL,
    kind    TEXT  NOT NULL,
    subject TEXT  NOT NULL,
    version INT8  NOT NULL,
    seq     INT8  NOT NULL,
    body    BYTEA NOT NULL,
    PRIMARY KEY (shard, book, kind, subject)
);

-- Every rule that ever held, on every shard.
CREATE TABLE IF NOT EXISTS rule_history (
    shard    INT2  NOT NULL,
    book     TEXT  NOT NULL,
    kind     TEXT  NOT NULL,
    subject  TEXT  NOT NULL,
    version  INT8  NOT NULL,
    seq      INT8  NOT NULL,
    clock_us INT8  NOT NULL,
    body     BYTEA NOT NULL,
    PRIMARY KEY (shard, book, kind, subject, version)
);
