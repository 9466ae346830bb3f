-- Says that a process is alive and counts the processes that own shards, itself among
-- them. Index: primary key of process for the write. Rows: 1.
-- scan: ok because the table has a row per process.
WITH announced AS (
    INSERT INTO process (name, owns, alive_until)
    VALUES ($1::TEXT, $2::BOOL, now() + $3::INT8 * INTERVAL '1 microsecond')
    ON CONFLICT (name) DO UPDATE SET
        owns = excluded.owns,
        alive_until = excluded.alive_until
    RETURNING process.name, process.owns
)

SELECT
    (SELECT count(*) FROM announced WHERE announced.owns)
    + (SELECT count(*) FROM process WHERE process.owns AND process.alive_until > now() AND process.name <> $1::TEXT) AS owners;
