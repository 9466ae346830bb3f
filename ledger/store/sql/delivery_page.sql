-- A page of what became of a subscription's postbacks, the last first, behind the cursor ($4,
-- $5). Index: primary key of delivery, one backward seek. Rows: at most $6.
SELECT d.at, d.seq, d.shard, d.event, d.attempt, d.status, d.latency_us, d.error, d.next
FROM delivery AS d
WHERE d.book = $1::TEXT
    AND d.owner = $2::TEXT
    AND d.subscription = $3::TEXT
    AND (d.at, d.seq) < ($4::TIMESTAMPTZ, $5::INT8)
ORDER BY d.at DESC, d.seq DESC
LIMIT $6::INT8;
