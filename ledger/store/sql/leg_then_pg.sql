-- The newest leg of each stripe before moment $5; no older record is behind number $4.
-- PostgreSQL only, as stripe_load_pg: CockroachDB gets leg_then once per stripe. Index:
-- primary key of leg, one backward seek per stripe and at most one segment's records.
-- Rows: one per stripe that existed.
SELECT
    k.place, l.version,
    l.debit, l.credit,
    l.held_debit, l.held_credit
FROM unnest($2::UUID[], $3::TEXT[]) WITH ORDINALITY AS k (account, asset, place)
CROSS JOIN LATERAL (
    SELECT leg.version, leg.debit, leg.credit, leg.held_debit, leg.held_credit
    FROM leg
    WHERE leg.shard = $1::INT2
        AND leg.account = k.account
        AND leg.asset = k.asset
        AND leg.seq <= $4::INT8
        AND leg.clock_us < $5::INT8
    ORDER BY leg.seq DESC, leg.leg DESC
    LIMIT 1
) AS l;
