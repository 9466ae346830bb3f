-- Reads all subscriptions by book, company and id, those behind one. Index: primary key of
-- subscription. Rows: at most the limit.
SELECT s.id, s.book, s.owner, s.uri, s.method, s.events, s.shard, s.seq, s.paused, s.failures, s.failing, s.error,
       s.due, s.held, s.created
FROM subscription AS s
WHERE (s.book, s.owner, s.id) > ($1::TEXT, $2::TEXT, $3::TEXT)
ORDER BY s.book, s.owner, s.id
LIMIT $4::INT8;
