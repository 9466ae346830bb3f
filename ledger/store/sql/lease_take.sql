-- Takes a lease that is free: never had, expired by this clock, the owner's already, or
-- with a beat that the caller saw stand still. Index: primary key of lease. Rows: 1 when
-- it was taken, else 0.
INSERT INTO lease (shard, owner, beat, lease_until)
VALUES ($1::INT2, $2::TEXT, 1, now() + $3::INT8 * INTERVAL '1 microsecond')
ON CONFLICT (shard) DO UPDATE SET
    owner = excluded.owner,
    beat = lease.beat + 1,
    lease_until = excluded.lease_until
WHERE lease.lease_until < now()
    OR lease.owner = excluded.owner
    OR lease.beat = $4::INT8
RETURNING lease.beat, lease.lease_until;
