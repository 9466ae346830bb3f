-- How many live processes own shards. Index: none. Rows: 1.
-- scan: ok because the table has one row per process of the last day
SELECT count(p.id) AS owners
FROM process AS p
WHERE p.owns AND p.alive_until >= clock_timestamp();
