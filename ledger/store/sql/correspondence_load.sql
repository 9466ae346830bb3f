-- Reads the correspondences that a run of records adds to. Index: primary key of correspondence, one
-- seek each. Rows: at most one per key.
SELECT t.book, t.month, t.debit, t.credit, t.asset, t.amount
FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[])
    AS x (book, month, debit, credit, asset)
INNER JOIN correspondence AS t
    ON
        t.shard = $1::INT2
        AND t.book = x.book
        AND t.month = x.month
        AND t.debit = x.debit
        AND t.credit = x.credit
        AND t.asset = x.asset;
