-- Says that a process is alive. Index: primary key of process. Rows: 1, with how often
-- it said so.
INSERT INTO process (id, owns, beat, alive_until)
VALUES ($1::TEXT, $2::BOOL, 1, now() + $3::INT8 * INTERVAL '1 microsecond')
ON CONFLICT (id) DO UPDATE SET
    owns = excluded.owns,
    beat = process.beat + 1,
    alive_until = excluded.alive_until
RETURNING process.beat;
