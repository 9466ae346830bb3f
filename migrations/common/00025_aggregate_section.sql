-- +goose NO TRANSACTION
-- +goose Up

-- An owner's list, by section of a state, newest first.
CREATE INDEX IF NOT EXISTS aggregate_section ON aggregate (book, flow, owner, state, section, created_us, shard, id) WHERE section <> '';
