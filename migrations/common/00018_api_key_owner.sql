-- +goose NO TRANSACTION
-- +goose Up

-- The company whose key it is; '' = a key of the house.
ALTER TABLE api_key ADD COLUMN IF NOT EXISTS owner TEXT NOT NULL DEFAULT '';
