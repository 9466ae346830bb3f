-- The first book after $1 that has an aggregate. Index: aggregate_once, one seek. Rows: at
-- most 1.
SELECT a.book
FROM aggregate AS a
WHERE a.book > $1::TEXT
ORDER BY a.book
LIMIT 1;
