-- A book's correspondences on a shard up to a month. Index: primary key of correspondence, one seek.
-- Rows: one per month and pair of types.
SELECT t.month, t.debit, t.credit, t.asset, t.amount
FROM correspondence AS t
WHERE t.shard = $1::INT2 AND t.book = $2::TEXT AND t.month <= $3::TEXT
ORDER BY t.month, t.debit, t.credit, t.asset;
