-- Notes that another program under a process's name was turned away. Index: primary key
-- of process. Rows: none returned, at most one changed.
UPDATE process
SET twin_at = now()
WHERE process.id = $1::TEXT;
