-- Notes that something was done once to everything. Index: primary key of upkept. Rows: none
-- returned.
INSERT INTO upkept (name)
VALUES ($1::TEXT)
ON CONFLICT (name) DO NOTHING;
