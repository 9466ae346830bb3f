-- +goose NO TRANSACTION
-- +goose Up

-- The holds of an account that stand: one that is closed leaves it.
CREATE INDEX IF NOT EXISTS hold_open ON hold (shard, account, seq) WHERE state = 1;

-- Nobody asks for the closed ones by account.
DROP INDEX IF EXISTS hold_account;
