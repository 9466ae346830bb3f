-- What the auditor found on a shard, oldest record first. Index: primary key of finding.
-- Rows: at most $2.
SELECT f.seq, f.place, f.what, f.expected, f.found, f.book, f.accounts, f.event
FROM finding AS f
WHERE f.shard = $1::INT2
ORDER BY f.seq, f.what
LIMIT $2::INT8;
