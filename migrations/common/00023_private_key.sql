-- +goose NO TRANSACTION
-- +goose Up

-- Keys of private data, one of each person and one of the house in a book, wrapped by a
-- key of the installation, which wrapper names. Without its key a row of private_data
-- is noise: who erases a person deletes the key.
CREATE TABLE IF NOT EXISTS private_key (
    book    TEXT        NOT NULL,
    owner   TEXT        NOT NULL,
    wrapper TEXT        NOT NULL,
    wrapped BYTEA       NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (book, owner)
);

-- What has to be wrapped again after another installation key came.
CREATE INDEX IF NOT EXISTS private_key_wrapper ON private_key (wrapper);

-- Whose key seals the data; '' = written before there were keys, and not sealed.
ALTER TABLE private_data ADD COLUMN IF NOT EXISTS owner TEXT NOT NULL DEFAULT '';

-- What has to be sealed yet.
CREATE INDEX IF NOT EXISTS private_data_plain ON private_data (book, kind, id, version) WHERE owner = '';
