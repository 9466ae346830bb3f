-- The holds of a stripe that stand, oldest first. Index: hold_open. Rows: at most $4.
SELECT
    hold.book, hold.account, hold.seq, hold.name, hold.asset, hold.state,
    hold.amount, hold.remaining, hold.expires_us, hold.late
FROM hold
WHERE hold.shard = $1::INT2
    AND hold.account = $2::UUID
    AND hold.asset = $3::TEXT
    AND hold.state = 1
ORDER BY hold.seq
LIMIT $4::INT8;
