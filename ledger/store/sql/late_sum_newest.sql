-- The newest running sums of a span of days in a stripe. Index: primary key of late_sum,
-- one backward seek. Rows: 1 when the span has late legs.
SELECT s.debit, s.credit
FROM late_sum AS s
WHERE s.shard = $1::INT2
    AND s.account = $2::UUID
    AND s.asset = $3::TEXT
    AND s.node = $4::INT4
ORDER BY s.seq DESC, s.leg DESC
LIMIT 1;
