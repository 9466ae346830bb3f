-- +goose NO TRANSACTION
-- +goose Up

-- The search tables are made anew from the journal, so that dated (00036) has what stood before it.
DELETE FROM projection;
