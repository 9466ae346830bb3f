-- +goose NO TRANSACTION
-- +goose Up

-- What providers' callbacks have hinted at and nobody has asked about yet: an attempt, what
-- the callback said became of it, how many answers it had then, how often it was looked at,
-- and when it is looked at next.
CREATE TABLE IF NOT EXISTS hint (
    shard    INT2 NOT NULL,
    attempt  TEXT NOT NULL,
    says     TEXT NOT NULL,
    answers  INT8 NOT NULL,
    tries    INT8 NOT NULL,
    heard_us INT8 NOT NULL,
    due_us   INT8 NOT NULL,
    PRIMARY KEY (shard, attempt)
);

-- What is to be looked at next.
CREATE INDEX IF NOT EXISTS hint_due ON hint (shard, due_us, attempt);
