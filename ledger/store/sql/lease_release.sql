-- Gives a lease back: it is expired from now on. The beat moves, so nobody takes the
-- standing still of a released lease for that of a dead owner. Index: primary key of
-- lease. Rows: none returned, at most one changed.
UPDATE lease
SET beat = lease.beat + 1,
    lease_until = now() - INTERVAL '1 second'
WHERE lease.shard = $1::INT2 AND lease.owner = $2::TEXT;
