-- +goose NO TRANSACTION
-- +goose Up

-- Late legs that were written before their sums had a table cannot be read as of a day:
-- such a database is made again from its events. A cast that fails stops here.
SELECT CAST('late legs without sums, rebuild from the events: ' || late.asset AS INT8) FROM late;

-- Running sums of the late legs over a span of days: what the end of each day of the
-- span lacks when only what was recorded by then is counted. A leg that was recorded
-- after its day is added from its day on, one that was recorded before it is taken away
-- until then. Node: the span, a power of two of days, numbered as in a heap whose root
-- is 1; a day lies in one node of each size.
CREATE TABLE IF NOT EXISTS late_sum (
    shard    INT2    NOT NULL,
    account  UUID    NOT NULL,
    asset    TEXT    NOT NULL,
    node     INT4    NOT NULL CHECK (node > 0),
    seq      INT8    NOT NULL,
    leg      INT2    NOT NULL,
    clock_us INT8    NOT NULL,
    debit    NUMERIC NOT NULL,
    credit   NUMERIC NOT NULL,
    PRIMARY KEY (shard, account, asset, node, seq, leg)
);

-- The sums of one day alone were a query for each day.
ALTER TABLE late DROP COLUMN IF EXISTS debit;

ALTER TABLE late DROP COLUMN IF EXISTS credit;
