-- The running sums of a span of days in a stripe before moment $6; no older record is
-- behind number $5. Index: primary key of late_sum, one backward seek and at most one
-- segment's records. Rows: 1 when the span had late legs by then.
SELECT s.account, s.asset, s.debit, s.credit
FROM late_sum AS s
WHERE s.shard = $1::INT2
    AND s.account = $2::UUID
    AND s.asset = $3::TEXT
    AND s.node = $4::INT4
    AND s.seq <= $5::INT8
    AND s.clock_us < $6::INT8
ORDER BY s.seq DESC, s.leg DESC
LIMIT 1;
