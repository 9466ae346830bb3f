-- A page of an account's holds of a state, behind ($3, $4, $5). Index: hold_listed, one
-- seek. Rows: at most $6.
SELECT
    hold.shard, hold.book, hold.account, hold.seq, hold.name, hold.asset, hold.state,
    hold.amount, hold.remaining, hold.expires_us, hold.late
FROM hold
WHERE hold.account = $1::UUID
    AND hold.state = $2::INT2
    AND (hold.shard, hold.seq, hold.asset) > ($3::INT2, $4::INT8, $5::TEXT)
ORDER BY hold.shard, hold.seq, hold.asset
LIMIT $6::INT8;
