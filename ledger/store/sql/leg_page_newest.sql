-- A page of a stripe's legs, newest first: numbers $4 to $5 (of the segments around the
-- moments), recorded from $6 on and before $7, behind the cursor ($8, $9, $10, $11) in the
-- order (clock, shard, seq, leg). Index: primary key of leg, from one end of the span.
-- Rows: at most $12.
SELECT
    leg.shard, leg.account, leg.asset, leg.seq, leg.leg, leg.kind, leg.amount, leg.version,
    leg.clock_us, leg.day, leg.debit, leg.credit, leg.held_debit, leg.held_credit
FROM leg
WHERE leg.shard = $1::INT2
    AND leg.account = $2::UUID
    AND leg.asset = $3::TEXT
    AND leg.seq >= $4::INT8
    AND leg.seq <= $5::INT8
    AND leg.clock_us >= $6::INT8
    AND leg.clock_us < $7::INT8
    AND (leg.clock_us, leg.shard, leg.seq, leg.leg)
    < ($8::INT8, $9::INT2, $10::INT8, $11::INT2)
ORDER BY leg.seq DESC, leg.leg DESC
LIMIT $12::INT8;
