-- +goose NO TRANSACTION
-- +goose Up

-- Devices that push messages go to. The id is a keyed hash of the device's token, so that a
-- device that changes hands is one row; the token is sealed with the key of its person.
CREATE TABLE IF NOT EXISTS device (
    book    TEXT        NOT NULL,
    id      TEXT        NOT NULL,
    member  TEXT        NOT NULL,
    session TEXT        NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    token   BYTEA       NOT NULL,
    PRIMARY KEY (book, id)
);

-- A person's devices.
CREATE INDEX IF NOT EXISTS device_member ON device (book, member, created);
