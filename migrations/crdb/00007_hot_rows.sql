-- +goose NO TRANSACTION
-- +goose Up

-- One row per shard, rewritten by every commit: its old versions must not wait four
-- hours for the garbage collector. Nobody reads this row in the past.
ALTER TABLE shard CONFIGURE ZONE USING gc.ttlseconds = 600;

-- The same for the leases, rewritten every second.
ALTER TABLE lease CONFIGURE ZONE USING gc.ttlseconds = 600;
