-- Where accounts have stripes, without their names. Index: stripe_account alone. Rows: one
-- per stripe.
SELECT s.account, s.asset, s.shard
FROM stripe AS s
WHERE s.account = ANY($1::UUID[]);
