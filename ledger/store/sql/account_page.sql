-- A page of the accounts opened in a book, behind name $2. Index: primary key of
-- account. Rows: at most $3.
SELECT a.name, a.account, a.asset, a.state, a.shard, a.seq, a.opened_us
FROM account AS a
WHERE a.book = $1::TEXT AND a.name > $2::TEXT
ORDER BY a.name
LIMIT $3::INT8;
