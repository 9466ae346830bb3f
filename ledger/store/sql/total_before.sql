-- The newest totals of the last type before ($2, $3, $4): walked backward, each step
-- finds the newest row of the next type. Index: primary key of total, one backward seek.
-- Rows: at most 1.
SELECT t.book, t.type, t.asset, t.debit, t.credit
FROM total AS t
WHERE t.shard = $1::INT2 AND (t.book, t.type, t.asset) < ($2::TEXT, $3::TEXT, $4::TEXT)
ORDER BY t.book DESC, t.type DESC, t.asset DESC, t.seq DESC
LIMIT 1;
