-- The next effective day of a stripe with late legs, behind $4. Index: primary key of
-- late, one seek. Rows: at most 1.
SELECT late.day
FROM late
WHERE late.shard = $1::INT2
    AND late.account = $2::UUID
    AND late.asset = $3::TEXT
    AND late.day > $4::DATE
ORDER BY late.day
LIMIT 1;
