-- Which of the stripes ever had a late leg, and their longest span of days with one:
-- spans with lower numbers are longer. PostgreSQL only, as stripe_load_pg:
-- CockroachDB gets late_has once per stripe. Index: primary key of late_sum, one seek per
-- stripe. Rows: one per stripe that had.
SELECT k.account, k.asset, l.node
FROM unnest($2::UUID[], $3::TEXT[]) AS k (account, asset)
CROSS JOIN LATERAL (
    SELECT s.node
    FROM late_sum AS s
    WHERE s.shard = $1::INT2 AND s.account = k.account AND s.asset = k.asset
    ORDER BY s.node
    LIMIT 1
) AS l;
