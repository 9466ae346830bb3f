-- Writes the running sums of the spans of days that late legs lie in. Index: primary key
-- of late_sum. Rows: none returned; one written per late leg that comes a day late, two
-- for each doubling of that.
INSERT INTO late_sum (shard, account, asset, node, seq, leg, clock_us, debit, credit)
SELECT
    $1::INT2, x.account, x.asset, x.node, x.seq, x.leg, x.clock_us, x.debit, x.credit
FROM unnest(
    $2::UUID[], $3::TEXT[], $4::INT4[], $5::INT8[], $6::INT2[], $7::INT8[], $8::NUMERIC[],
    $9::NUMERIC[]
) AS x (account, asset, node, seq, leg, clock_us, debit, credit);
