-- +goose NO TRANSACTION
-- +goose Up

-- An aggregate lives on the home of its owner. Made again for another owner it would
-- live twice; what its id is made of should rule that out, this does.
CREATE UNIQUE INDEX IF NOT EXISTS aggregate_once ON aggregate (book, flow, id);
