-- Which of the names are open, and nothing more. Index: primary key of account alone.
-- Rows: at most one per name.
SELECT a.name
FROM account AS a
WHERE a.book = $1::TEXT AND a.name = ANY($2::TEXT[]);
