-- Writes holds as they stand after the batch. Index: primary key of hold. Rows: none
-- returned, one written per hold.
INSERT INTO hold (shard, seq, account, asset, book, name, state, amount, remaining, expires_us, late)
SELECT
    $1::INT2, x.seq, x.account, x.asset, x.book, x.name, x.state, x.amount, x.remaining,
    x.expires_us, x.late
FROM unnest(
    $2::INT8[], $3::UUID[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::INT2[], $8::NUMERIC[],
    $9::NUMERIC[], $10::INT8[], $11::NUMERIC[]
) AS x (seq, account, asset, book, name, state, amount, remaining, expires_us, late)
ON CONFLICT (shard, seq, account, asset) DO UPDATE SET
    state = excluded.state,
    amount = excluded.amount,
    remaining = excluded.remaining,
    expires_us = excluded.expires_us,
    late = excluded.late;
