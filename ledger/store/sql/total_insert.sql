-- Writes the running sums of the types that the batch touched. Index: primary key of
-- total, at the type's end. Rows: none returned, one written per touched type and asset.
INSERT INTO total (shard, book, type, asset, seq, debit, credit)
SELECT $1::INT2, x.book, x.type, x.asset, x.seq, x.debit, x.credit
FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[], $5::INT8[], $6::NUMERIC[], $7::NUMERIC[])
    AS x (book, type, asset, seq, debit, credit);
