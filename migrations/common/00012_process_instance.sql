-- +goose NO TRANSACTION
-- +goose Up

-- Which start of a program says that the process of this name is alive: two programs
-- under one name would take each other's leases and answers.
ALTER TABLE process ADD COLUMN IF NOT EXISTS instance TEXT NOT NULL DEFAULT '';

-- When another program under this name was last turned away.
ALTER TABLE process ADD COLUMN IF NOT EXISTS twin_at TIMESTAMPTZ;
