-- The running sums of an effective day in a stripe before moment $6; $5 is a number that
-- no older record is behind. Index: primary key of late, one backward seek and at most
-- one segment's records. Rows: 1 when the day had late legs by then.
SELECT late.debit, late.credit
FROM late
WHERE late.shard = $1::INT2
    AND late.account = $2::UUID
    AND late.asset = $3::TEXT
    AND late.day = $4::DATE
    AND late.seq <= $5::INT8
    AND late.clock_us < $6::INT8
ORDER BY late.seq DESC, late.leg DESC
LIMIT 1;
