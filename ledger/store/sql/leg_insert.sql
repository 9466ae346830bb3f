-- Writes the batch's legs, in account order. Index: primary key of leg, one page per
-- stripe. Rows: none returned, one written per leg.
INSERT INTO leg (
    shard, account, asset, seq, leg, kind, amount, version, clock_us, day,
    debit, credit, held_debit, held_credit
)
SELECT
    $1::INT2, x.account, x.asset, x.seq, x.leg, x.kind, x.amount, x.version, x.clock_us,
    x.day, x.debit, x.credit, x.held_debit, x.held_credit
FROM unnest(
    $2::UUID[], $3::TEXT[], $4::INT8[], $5::INT2[], $6::INT2[], $7::NUMERIC[], $8::INT8[],
    $9::INT8[], $10::DATE[], $11::NUMERIC[], $12::NUMERIC[], $13::NUMERIC[], $14::NUMERIC[]
) AS x (
    account, asset, seq, leg, kind, amount, version, clock_us, day,
    debit, credit, held_debit, held_credit
);
