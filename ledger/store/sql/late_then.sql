-- What late legs change of balances as of a day, per stripe and effective day: the day's
-- running sums at one moment ($4) less those at an earlier one ($3). Days up to $5 when
-- $6, else days after $5. Index: stripe_account, segment_clock, primary key of late: a
-- seek to the next day of a stripe, then two in that day. Rows: one per stripe and day
-- with late legs.
WITH RECURSIVE k AS (
    SELECT s.shard, s.account, s.asset, f.day
    FROM unnest($1::UUID[], $2::TEXT[]) AS x (account, asset)
    INNER JOIN stripe AS s ON s.account = x.account AND s.asset = x.asset
    CROSS JOIN LATERAL (
        SELECT late.day
        FROM late
        WHERE late.shard = s.shard
            AND late.account = s.account
            AND late.asset = s.asset
            AND late.day > CASE WHEN $6::BOOL THEN DATE '0001-01-01' ELSE $5::DATE END
        ORDER BY late.day
        LIMIT 1
    ) AS f
    UNION ALL
    SELECT k.shard, k.account, k.asset, n.day
    FROM k
    CROSS JOIN LATERAL (
        SELECT late.day
        FROM late
        WHERE late.shard = k.shard
            AND late.account = k.account
            AND late.asset = k.asset
            AND late.day > k.day
        ORDER BY late.day
        LIMIT 1
    ) AS n
    WHERE NOT $6::BOOL OR k.day < $5::DATE
)

SELECT
    k.account, k.asset, k.shard,
    (b.debit - coalesce(a.debit, 0::NUMERIC)) AS debit,
    (b.credit - coalesce(a.credit, 0::NUMERIC)) AS credit
FROM k
LEFT JOIN LATERAL (
    SELECT g.first_seq + g.count - 1 AS seq
    FROM segment AS g
    WHERE g.shard = k.shard AND g.clock_us >= $4::INT8
    ORDER BY g.clock_us, g.first_seq
    LIMIT 1
) AS ub ON TRUE
LEFT JOIN LATERAL (
    SELECT g.first_seq + g.count - 1 AS seq
    FROM segment AS g
    WHERE g.shard = k.shard AND g.clock_us >= $3::INT8
    ORDER BY g.clock_us, g.first_seq
    LIMIT 1
) AS ua ON TRUE
CROSS JOIN LATERAL (
    SELECT late.debit, late.credit
    FROM late
    WHERE late.shard = k.shard
        AND late.account = k.account
        AND late.asset = k.asset
        AND late.day = k.day
        AND late.seq <= coalesce(ub.seq, 9223372036854775807)
        AND late.clock_us < $4::INT8
    ORDER BY late.seq DESC, late.leg DESC
    LIMIT 1
) AS b
LEFT JOIN LATERAL (
    SELECT late.debit, late.credit
    FROM late
    WHERE late.shard = k.shard
        AND late.account = k.account
        AND late.asset = k.asset
        AND late.day = k.day
        AND late.seq <= coalesce(ua.seq, 9223372036854775807)
        AND late.clock_us < $3::INT8
    ORDER BY late.seq DESC, late.leg DESC
    LIMIT 1
) AS a ON TRUE
WHERE NOT $6::BOOL OR k.day <= $5::DATE
ORDER BY k.account, k.asset, k.shard;
