-- Writes posting legs whose effective day is not their recorded day. Debit and credit
-- come as the batch's own running sums of the day; what stood before the batch (numbers
-- below $2) is added here. Index: primary key of late, one seek per row. Rows: none
-- returned, one written per late leg.
INSERT INTO late (shard, account, asset, day, seq, leg, kind, amount, clock_us, debit, credit)
SELECT
    $1::INT2, x.account, x.asset, x.day, x.seq, x.leg, x.kind, x.amount, x.clock_us,
    coalesce(before.debit, 0::NUMERIC) + x.debit,
    coalesce(before.credit, 0::NUMERIC) + x.credit
FROM unnest(
    $3::UUID[], $4::TEXT[], $5::DATE[], $6::INT8[], $7::INT2[], $8::INT2[], $9::NUMERIC[],
    $10::INT8[], $11::NUMERIC[], $12::NUMERIC[]
) AS x (account, asset, day, seq, leg, kind, amount, clock_us, debit, credit)
LEFT JOIN LATERAL (
    SELECT late.debit, late.credit
    FROM late
    WHERE late.shard = $1::INT2
        AND late.account = x.account
        AND late.asset = x.asset
        AND late.day = x.day
        AND late.seq < $2::INT8
    ORDER BY late.seq DESC, late.leg DESC
    LIMIT 1
) AS before ON TRUE;
