-- Says that a process is alive. Another program under a living one's name is turned
-- away. Index: primary key of process. Rows: 1, with how often it said so; none when the
-- name is another's.
INSERT INTO process (id, instance, owns, beat, alive_until)
VALUES ($1::TEXT, $4::TEXT, $2::BOOL, 1, now() + $3::INT8 * INTERVAL '1 microsecond')
ON CONFLICT (id) DO UPDATE SET
    instance = excluded.instance,
    owns = excluded.owns,
    beat = process.beat + 1,
    alive_until = excluded.alive_until
WHERE process.instance = excluded.instance OR process.alive_until < now()
RETURNING process.beat;
