-- The owners whose aggregates of a flow a name finds. Index: primary key of audience. Rows: at
-- most $4.
SELECT DISTINCT x.owner
FROM audience AS x
WHERE x.book = $1::TEXT AND x.flow = $2::TEXT AND x.name = $3::TEXT
ORDER BY x.owner
LIMIT $4::INT8;
