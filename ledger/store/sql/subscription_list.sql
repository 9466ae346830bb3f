-- Lists a company's subscriptions by id. Index: primary key of subscription. Rows:
-- at most the limit.
SELECT s.id, s.book, s.owner, s.uri, s.method, s.events, s.shard, s.seq, s.paused, s.failures, s.failing, s.error,
       s.due, s.held, s.created
FROM subscription AS s
WHERE s.book = $1::TEXT AND s.owner = $2::TEXT
ORDER BY s.id
LIMIT $3::INT8;
