-- A page of the accounts of a type that a shard touched, behind ($6, $7, $8), whose
-- owners lie from $4 up to before $5. Index: primary key of stripe, one seek. Rows: at
-- most $9.
SELECT s.owner, s.part, s.asset, s.account, s.shard
FROM stripe AS s
WHERE s.shard = $1::INT2
    AND s.book = $2::TEXT
    AND s.type = $3::TEXT
    AND s.owner >= $4::TEXT
    AND s.owner < $5::TEXT
    AND (s.owner, s.part, s.asset) > ($6::TEXT, $7::TEXT, $8::TEXT)
ORDER BY s.owner, s.part, s.asset
LIMIT $9::INT8;
