-- Lists callers' keys by id, those behind one id. Index: primary key of api_key. Rows: at
-- most the limit.
SELECT k.id, k.hash, k.book, k.roles, k.owner, k.created
FROM api_key AS k
WHERE k.id > $1::TEXT
ORDER BY k.id
LIMIT $2::INT8;
