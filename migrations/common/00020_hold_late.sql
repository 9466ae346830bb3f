-- +goose NO TRANSACTION
-- +goose Up

-- What of a hold that was voided or expired may still be settled late.
ALTER TABLE hold ADD COLUMN IF NOT EXISTS late NUMERIC NOT NULL DEFAULT 0;
