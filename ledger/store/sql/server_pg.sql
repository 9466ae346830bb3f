-- What a PostgreSQL server and this database can do: version number, whether text is
-- ordered by its bytes and by which rule, whether lz4 is compiled in. PostgreSQL only. Index: none. Rows: 1.
-- scan: ok because it reads lists of settings
SELECT
    current_setting('server_version_num')::INT4 AS number,
    d.datcollate,
    'B'::TEXT < 'a'::TEXT AND 'a-c'::TEXT < 'a.b'::TEXT AND 'a_c'::TEXT < 'ab'::TEXT AS bytewise,
    EXISTS (
        SELECT 1
        FROM pg_settings AS s
        WHERE s.name = 'default_toast_compression' AND 'lz4' = ANY(s.enumvals)
    ) AS lz4
FROM pg_database AS d
WHERE d.datname = current_database();
