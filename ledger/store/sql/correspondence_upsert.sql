-- Writes correspondences as they stand. Index: primary key of correspondence. Rows: none returned, one
-- written per key.
INSERT INTO correspondence (shard, book, month, debit, credit, asset, amount)
SELECT $1::INT2, x.book, x.month, x.debit, x.credit, x.asset, x.amount::NUMERIC
FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[])
    AS x (book, month, debit, credit, asset, amount)
ON CONFLICT (shard, book, month, debit, credit, asset) DO UPDATE SET
    amount = excluded.amount;
