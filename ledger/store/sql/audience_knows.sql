-- An aggregate of a flow and an owner that a name finds. Index: primary key of audience. Rows:
-- at most one.
SELECT x.id
FROM audience AS x
WHERE x.book = $1::TEXT AND x.flow = $2::TEXT AND x.name = $3::TEXT AND x.owner = $4::TEXT
LIMIT 1;
