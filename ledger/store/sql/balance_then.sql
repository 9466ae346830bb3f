-- The newest leg before moment $3 of every stripe of accounts. A segment's row turns the
-- moment into a number: no record behind the first segment that ends at or after the
-- moment is older. Index: stripe_account, segment_clock, then primary key of leg, one
-- backward seek per stripe. Rows: one per stripe that existed.
SELECT
    s.account, s.asset, s.shard, l.version,
    l.debit, l.credit,
    l.held_debit, l.held_credit
FROM unnest($1::UUID[], $2::TEXT[]) AS k (account, asset)
INNER JOIN stripe AS s ON s.account = k.account AND s.asset = k.asset
LEFT JOIN LATERAL (
    SELECT g.first_seq + g.count - 1 AS seq
    FROM segment AS g
    WHERE g.shard = s.shard AND g.clock_us >= $3::INT8
    ORDER BY g.clock_us, g.first_seq
    LIMIT 1
) AS u ON TRUE
CROSS JOIN LATERAL (
    SELECT leg.version, leg.debit, leg.credit, leg.held_debit, leg.held_credit
    FROM leg
    WHERE leg.shard = s.shard
        AND leg.account = s.account
        AND leg.asset = s.asset
        AND leg.seq <= coalesce(u.seq, 9223372036854775807)
        AND leg.clock_us < $3::INT8
    ORDER BY leg.seq DESC, leg.leg DESC
    LIMIT 1
) AS l
ORDER BY s.account, s.asset, s.shard;
