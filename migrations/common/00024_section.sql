-- +goose NO TRANSACTION
-- +goose Up

-- The list of the cabinet that an aggregate stands in, where its state has several; '' =
-- the state says it all.
ALTER TABLE aggregate ADD COLUMN IF NOT EXISTS section TEXT NOT NULL DEFAULT '';
