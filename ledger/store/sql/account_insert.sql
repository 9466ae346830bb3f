-- Writes accounts opened by name; the first opening of a name stands. Index: primary
-- key of account. Rows: none returned, at most one written per opening.
INSERT INTO account (book, name, account, asset, state, shard, seq, opened_us)
SELECT x.book, x.name, x.account, x.asset, 'open', $1::INT2, x.seq, x.opened_us
FROM unnest($2::TEXT[], $3::TEXT[], $4::UUID[], $5::TEXT[], $6::INT8[], $7::INT8[])
    AS x (book, name, account, asset, seq, opened_us)
ON CONFLICT (book, name) DO NOTHING;
