-- Says whether something was done once to everything. Index: primary key of upkept. Rows: at
-- most one.
SELECT u.name
FROM upkept AS u
WHERE u.name = $1::TEXT;
