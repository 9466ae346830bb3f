-- The running sums of spans of days ($4) in stripes before moment $6, those longer than a
-- stripe's longest ($7) left out; no older record is behind number $5. PostgreSQL only, as stripe_load_pg: CockroachDB gets late_sum_then
-- once per stripe and span. Index: primary key of late_sum, one backward seek per stripe
-- and span. Rows: one per stripe and span that had late legs by then.
SELECT k.account, k.asset, l.debit, l.credit
FROM unnest($2::UUID[], $3::TEXT[], $7::INT4[]) AS k (account, asset, longest)
CROSS JOIN unnest($4::INT4[]) AS n (node)
CROSS JOIN LATERAL (
    SELECT s.debit, s.credit
    FROM late_sum AS s
    WHERE s.shard = $1::INT2
        AND s.account = k.account
        AND s.asset = k.asset
        AND s.node = n.node
        AND s.seq <= $5::INT8
        AND s.clock_us < $6::INT8
    ORDER BY s.seq DESC, s.leg DESC
    LIMIT 1
) AS l
WHERE n.node >= k.longest;
