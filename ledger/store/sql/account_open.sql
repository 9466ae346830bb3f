-- Which of the names are open. Index: primary key of account. Rows: at most one per name.
SELECT a.name, a.account, a.asset, a.state, a.shard, a.seq, a.opened_us
FROM account AS a
WHERE a.book = $1::TEXT AND a.name = ANY($2::TEXT[])
ORDER BY a.name;
