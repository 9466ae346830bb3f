-- The processes that live, and when a twin of theirs was turned away. Index: none. Rows:
-- one per process.
-- scan: ok because the table has one row per process of the last day
SELECT p.id, p.owns, p.twin_at
FROM process AS p
WHERE p.alive_until >= clock_timestamp()
ORDER BY p.id;
