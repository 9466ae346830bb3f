-- Ends the sessions of a shard's owners: $1 is the beginning of their names. PostgreSQL
-- only. Index: none, a view of the server's sessions. Rows: one per session.
-- scan: ok because it is the list of the server's sessions
SELECT count(pg_terminate_backend(pg_stat_activity.pid)) AS ended
FROM pg_stat_activity
WHERE pg_stat_activity.datname = current_database()
    AND left(pg_stat_activity.application_name, length($1::TEXT)) = $1::TEXT
    AND pg_stat_activity.pid <> pg_backend_pid();
