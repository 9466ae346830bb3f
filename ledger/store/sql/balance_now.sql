-- The newest leg of every stripe of accounts. Index: stripe_account, then primary key of
-- leg, one backward seek per stripe. Rows: one per stripe.
SELECT
    s.account, s.asset, s.shard, l.version,
    l.debit, l.credit,
    l.held_debit, l.held_credit
FROM unnest($1::UUID[], $2::TEXT[]) AS k (account, asset)
INNER JOIN stripe AS s ON s.account = k.account AND s.asset = k.asset
CROSS JOIN LATERAL (
    SELECT leg.version, leg.debit, leg.credit, leg.held_debit, leg.held_credit
    FROM leg
    WHERE leg.shard = s.shard AND leg.account = s.account AND leg.asset = s.asset
    ORDER BY leg.seq DESC, leg.leg DESC
    LIMIT 1
) AS l
ORDER BY s.account, s.asset, s.shard;
