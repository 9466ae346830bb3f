-- The newest running sums of an effective day in a stripe. Index: primary key of late,
-- one backward seek. Rows: 1 when the day has late legs.
SELECT late.debit, late.credit
FROM late
WHERE late.shard = $1::INT2
    AND late.account = $2::UUID
    AND late.asset = $3::TEXT
    AND late.day = $4::DATE
ORDER BY late.seq DESC, late.leg DESC
LIMIT 1;
