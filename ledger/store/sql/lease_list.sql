-- Lists the leases. Index: none. Rows: one per shard.
-- scan: ok because the table has one row per shard
SELECT lease.shard, lease.owner, lease.beat, lease.lease_until
FROM lease
ORDER BY lease.shard;
