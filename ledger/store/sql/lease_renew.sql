-- Renews the leases that still are the owner's, and tells the clock. Index: primary key
-- of lease. Rows: 1, with the shards that were renewed.
WITH renewed AS (
    UPDATE lease
    SET beat = lease.beat + 1,
        lease_until = now() + $3::INT8 * INTERVAL '1 microsecond'
    WHERE lease.shard = ANY($2::INT2[]) AND lease.owner = $1::TEXT
    RETURNING lease.shard
)

SELECT now() AS clock, coalesce(array_agg(renewed.shard), ARRAY[]::INT2[]) AS shards
FROM renewed;
