-- Which of some names find an aggregate of a flow and an owner. Index: primary key of audience,
-- one seek per name. Rows: at most one per name.
SELECT n.name
FROM unnest($3::TEXT[]) AS n (name)
WHERE EXISTS (
    SELECT 1
    FROM audience AS x
    WHERE x.book = $1::TEXT AND x.flow = $2::TEXT AND x.name = n.name AND x.owner = $4::TEXT
)
ORDER BY n.name;
