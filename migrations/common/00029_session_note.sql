-- +goose NO TRANSACTION
-- +goose Up

-- Where a session began, sealed with the key of its user: address and program.
ALTER TABLE session ADD COLUMN IF NOT EXISTS note BYTEA NOT NULL DEFAULT '';
