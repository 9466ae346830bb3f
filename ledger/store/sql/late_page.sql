-- A page of a stripe's late legs of days $4 to $5, recorded up to number $6 and before
-- moment $7, behind the cursor ($8, $9, $10, $11, $12) in the order (day, clock, shard,
-- seq, leg); nothing up to number $13 is behind it on its day. Index: primary key of late,
-- from the cursor on. Rows: at most $14.
SELECT
    late.shard, late.account, late.asset, late.seq, late.leg, late.kind, late.amount,
    late.clock_us, late.day
FROM late
WHERE late.shard = $1::INT2
    AND late.account = $2::UUID
    AND late.asset = $3::TEXT
    AND late.day >= $4::DATE
    AND late.day <= $5::DATE
    AND late.seq <= $6::INT8
    AND late.clock_us < $7::INT8
    AND (late.day, late.seq) > ($8::DATE, $13::INT8)
    AND (late.day, late.clock_us, late.shard, late.seq, late.leg)
    > ($8::DATE, $9::INT8, $10::INT2, $11::INT8, $12::INT2)
ORDER BY late.day, late.seq, late.leg
LIMIT $14::INT8;
