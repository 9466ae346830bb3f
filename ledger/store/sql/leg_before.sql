-- The newest leg of a stripe before record $4. Index: primary key of leg, one backward
-- seek. Rows: 1 when the stripe existed.
SELECT
    leg.account, leg.asset, leg.version,
    leg.debit, leg.credit, leg.held_debit, leg.held_credit
FROM leg
WHERE leg.shard = $1::INT2
    AND leg.account = $2::UUID
    AND leg.asset = $3::TEXT
    AND leg.seq < $4::INT8
ORDER BY leg.seq DESC, leg.leg DESC
LIMIT 1;
