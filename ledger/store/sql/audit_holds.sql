-- Every hold, for the audit. Index: primary key of hold, whole. Rows: all.
-- scan: ok because an audit compares every hold
SELECT
    hold.shard, hold.book, hold.account, hold.seq, hold.name, hold.asset, hold.state,
    hold.amount, hold.remaining, hold.expires_us, hold.late
FROM hold
ORDER BY hold.shard, hold.seq, hold.account, hold.asset;
