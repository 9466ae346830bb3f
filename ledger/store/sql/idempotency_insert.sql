-- Takes the batch's keys, in key order, or raises when one of them is taken: in one
-- round trip, reading nothing before. Index: primary key of idempotency. Rows: 1,
-- always the value 1.
WITH taken AS (
    INSERT INTO idempotency (id, request_hash, shard, seq)
    SELECT x.id, x.request_hash, $1::INT2, x.seq
    FROM unnest($2::UUID[], $3::BYTEA[], $4::INT8[]) AS x (id, request_hash, seq)
    ON CONFLICT (id) DO NOTHING
    RETURNING idempotency.id
)

SELECT CASE
    WHEN count(taken.id) = cardinality($2::UUID[]) THEN 1::INT8
    ELSE CAST('provodka-keys-taken ' || count(taken.id)::TEXT AS INT8)
END AS guard
FROM taken;
