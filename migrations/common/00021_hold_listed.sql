-- +goose NO TRANSACTION
-- +goose Up

-- The holds of an account, by state.
CREATE INDEX IF NOT EXISTS hold_listed ON hold (account, state, shard, seq, asset);
