-- Reads holds by the numbers of the records that placed them. Index: primary key of
-- hold. Rows: one per hold and account, nearly always one per number.
SELECT
    hold.book, hold.account, hold.seq, hold.name, hold.asset, hold.state,
    hold.amount, hold.remaining, hold.expires_us, hold.late
FROM hold
WHERE hold.shard = $1::INT2 AND hold.seq = ANY($2::INT8[])
ORDER BY hold.seq, hold.account, hold.asset;
