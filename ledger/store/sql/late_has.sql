-- Whether a stripe ever had a late leg, and its longest span of days with one: spans with
-- lower numbers are longer. Index: primary key of late_sum, one seek. Rows: 1 when it had.
SELECT s.account, s.asset, s.node
FROM late_sum AS s
WHERE s.shard = $1::INT2 AND s.account = $2::UUID AND s.asset = $3::TEXT
ORDER BY s.node
LIMIT 1;
