-- The newest leg of a stripe: its balance. Index: primary key of leg, one backward seek.
-- Rows: 1 when the stripe exists.
SELECT
    $4::INT8 AS place, leg.version,
    leg.debit, leg.credit, leg.held_debit, leg.held_credit
FROM leg
WHERE leg.shard = $1::INT2 AND leg.account = $2::UUID AND leg.asset = $3::TEXT
ORDER BY leg.seq DESC, leg.leg DESC
LIMIT 1;
