-- Ends the sessions of a shard's owners: $1 is the beginning of their names. CockroachDB
-- only. Index: none, a list of the cluster's sessions. Rows: none.
-- scan: ok because it is the list of the cluster's sessions
CANCEL SESSIONS IF EXISTS
SELECT s.session_id
FROM [SHOW CLUSTER SESSIONS] AS s
WHERE left(s.application_name, length($1::TEXT)) = $1::TEXT;
