-- Takes a process off the list, and those that were gone an hour ago. Index: primary key
-- of process. Rows: none returned.
-- scan: ok because the table has a row per process.
DELETE FROM process
WHERE process.name = $1::TEXT OR process.alive_until < now() - INTERVAL '1 hour';
