-- Writes posting legs whose effective day is not their recorded day. Index: primary key
-- of late. Rows: none returned, one written per late leg.
INSERT INTO late (shard, account, asset, day, seq, leg, kind, amount, clock_us)
SELECT
    $1::INT2, x.account, x.asset, x.day, x.seq, x.leg, x.kind, x.amount, x.clock_us
FROM unnest(
    $2::UUID[], $3::TEXT[], $4::DATE[], $5::INT8[], $6::INT2[], $7::INT2[], $8::NUMERIC[],
    $9::INT8[]
) AS x (account, asset, day, seq, leg, kind, amount, clock_us);
