-- +goose NO TRANSACTION
-- +goose Up

-- One row per shard, rewritten by every commit: room on the page keeps its versions
-- there, and none of them touches an index.
ALTER TABLE shard SET (fillfactor = 10);

-- The same for the leases, rewritten every second.
ALTER TABLE lease SET (fillfactor = 10);
