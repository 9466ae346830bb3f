-- Writes what became of postbacks. Index: primary key of delivery. Rows: none returned.
INSERT INTO delivery (book, owner, subscription, at, seq, shard, event, attempt, status, latency_us, error, next)
SELECT x.book, x.owner, x.subscription, x.at, x.seq, x.shard, x.event, x.attempt, x.status, x.latency_us, x.error, x.next
FROM unnest(
    $1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TIMESTAMPTZ[], $5::INT8[], $6::INT2[], $7::TEXT[], $8::INT4[], $9::INT4[], $10::INT8[],
    $11::TEXT[], $12::TIMESTAMPTZ[]
) AS x (book, owner, subscription, at, seq, shard, event, attempt, status, latency_us, error, next)
ON CONFLICT (book, owner, subscription, at, seq) DO NOTHING;
