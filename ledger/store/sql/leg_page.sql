-- A page of an account's legs in one asset, oldest first, merged over its stripes in the
-- order (clock, shard, seq, leg). The cursor's last leg is ($5, $6, $7, $8); only legs
-- recorded from $3 on and before $4. Segments turn those moments into numbers, so that
-- a page begins with a seek. Index: stripe_account, segment_clock, then primary key of
-- leg in each stripe. Rows: at most $9.
SELECT
    l.shard, l.account, l.asset, l.seq, l.leg, l.kind, l.amount, l.version,
    l.clock_us, l.day, l.debit, l.credit,
    l.held_debit, l.held_credit
FROM stripe AS s
LEFT JOIN LATERAL (
    SELECT g.first_seq + g.count AS seq
    FROM segment AS g
    WHERE g.shard = s.shard AND g.clock_us < greatest($3::INT8, $5::INT8)
    ORDER BY g.clock_us DESC, g.first_seq DESC
    LIMIT 1
) AS lo ON TRUE
LEFT JOIN LATERAL (
    SELECT g.first_seq + g.count - 1 AS seq
    FROM segment AS g
    WHERE g.shard = s.shard AND g.clock_us >= $4::INT8
    ORDER BY g.clock_us, g.first_seq
    LIMIT 1
) AS hi ON TRUE
CROSS JOIN LATERAL (
    SELECT
        leg.shard, leg.account, leg.asset, leg.seq, leg.leg, leg.kind, leg.amount,
        leg.version, leg.clock_us, leg.day, leg.debit, leg.credit, leg.held_debit,
        leg.held_credit
    FROM leg
    WHERE leg.shard = s.shard
        AND leg.account = s.account
        AND leg.asset = s.asset
        AND leg.seq >= coalesce(lo.seq, 0)
        AND leg.seq <= coalesce(hi.seq, 9223372036854775807)
        AND leg.clock_us >= $3::INT8
        AND leg.clock_us < $4::INT8
        AND (leg.clock_us, leg.shard, leg.seq, leg.leg)
        > ($5::INT8, $6::INT2, $7::INT8, $8::INT2)
    ORDER BY leg.seq, leg.leg
    LIMIT $9::INT8
) AS l
WHERE s.account = $1::UUID AND s.asset = $2::TEXT
ORDER BY l.clock_us, l.shard, l.seq, l.leg
LIMIT $9::INT8;
