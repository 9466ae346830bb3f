-- The newest leg of a stripe before moment $5; $4 is a number that no older record is
-- behind (segment_until). Index: primary key of leg, one backward seek and at most one
-- segment's records. Rows: 1 when the stripe existed.
SELECT
    $6::INT8 AS place, leg.version,
    leg.debit, leg.credit, leg.held_debit, leg.held_credit
FROM leg
WHERE leg.shard = $1::INT2
    AND leg.account = $2::UUID
    AND leg.asset = $3::TEXT
    AND leg.seq <= $4::INT8
    AND leg.clock_us < $5::INT8
ORDER BY leg.seq DESC, leg.leg DESC
LIMIT 1;
