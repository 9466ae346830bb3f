-- The newest leg of each stripe: its balance. PostgreSQL only: CockroachDB would read
-- every leg of the accounts, because it turns LATERAL with LIMIT into a join; there
-- leg_newest is sent once per stripe. Index: primary key of leg, one backward seek per
-- stripe. Rows: one per stripe that exists.
SELECT
    k.place, l.version,
    l.debit, l.credit,
    l.held_debit, l.held_credit
FROM unnest($2::UUID[], $3::TEXT[]) WITH ORDINALITY AS k (account, asset, place)
CROSS JOIN LATERAL (
    SELECT leg.version, leg.debit, leg.credit, leg.held_debit, leg.held_credit
    FROM leg
    WHERE leg.shard = $1::INT2 AND leg.account = k.account AND leg.asset = k.asset
    ORDER BY leg.seq DESC, leg.leg DESC
    LIMIT 1
) AS l;
