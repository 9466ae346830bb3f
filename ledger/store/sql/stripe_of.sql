-- Where accounts have stripes. Index: stripe_account. Rows: one per stripe.
SELECT s.book, s.type, s.owner, s.part, s.asset, s.account, s.shard
FROM stripe AS s
WHERE s.account = ANY($1::UUID[])
ORDER BY s.account, s.asset, s.shard;
