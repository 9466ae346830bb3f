-- Inside a transaction of a take-over: wait one second for the shard's row, then end its
-- owners' sessions once more, one may have come back. Index: none. Rows: none.
-- scan: ok because it reads nothing
SET LOCAL lock_timeout = 1000;
