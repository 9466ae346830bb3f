-- Takes off the list who died without leaving. Index: none. Rows: none returned.
-- scan: ok because the table has one row per process of the last day
DELETE FROM process
WHERE process.alive_until < now() - INTERVAL '1 day';
