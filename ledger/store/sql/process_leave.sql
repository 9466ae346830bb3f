-- Takes a process off the list. Index: primary key of process. Rows: none returned, at
-- most one removed.
DELETE FROM process
WHERE process.id = $1::TEXT AND process.instance = $2::TEXT;
