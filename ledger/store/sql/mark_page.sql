-- A page of a shard's records that bear a mark, oldest first: numbers $3 to $4 (of the
-- segments around the moments), recorded from $5 on and before $6, behind the cursor
-- ($7, $8, $9) in the order (clock, shard, seq). Index: primary key of mark, from one end
-- of the span. Rows: at most $10.
SELECT m.shard, m.seq, m.clock_us
FROM mark AS m
WHERE m.shard = $1::INT2
    AND m.mark = $2::UUID
    AND m.seq >= $3::INT8
    AND m.seq <= $4::INT8
    AND m.clock_us >= $5::INT8
    AND m.clock_us < $6::INT8
    AND (m.clock_us, m.shard, m.seq) > ($7::INT8, $8::INT2, $9::INT8)
ORDER BY m.seq
LIMIT $10::INT8;
