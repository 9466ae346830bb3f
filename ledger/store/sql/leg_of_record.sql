-- The legs of one record on a stripe. Index: primary key of leg. Rows: one per leg.
SELECT
    leg.shard, leg.account, leg.asset, leg.seq, leg.leg, leg.kind, leg.amount, leg.version,
    leg.clock_us, leg.day, leg.debit, leg.credit, leg.held_debit, leg.held_credit
FROM leg
WHERE leg.shard = $1::INT2
    AND leg.account = $2::UUID
    AND leg.asset = $3::TEXT
    AND leg.seq = $4::INT8
ORDER BY leg.leg;
