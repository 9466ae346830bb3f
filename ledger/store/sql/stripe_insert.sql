-- Writes the stripes that the batch touched first. Index: primary key and
-- stripe_account. Rows: none returned, one written per new stripe.
INSERT INTO stripe (shard, book, type, owner, part, asset, account)
SELECT $1::INT2, x.book, x.type, x.owner, x.part, x.asset, x.account
FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::UUID[])
    AS x (book, type, owner, part, asset, account);
