-- Notes how far a shard was audited, unless it is further already. Index: primary key of
-- audited. Rows: none returned, at most one written.
INSERT INTO audited (shard, next_offset, seq, head, clock_us, command_offset, inside)
VALUES ($1::INT2, $2::INT8, $3::INT8, $4::BYTEA, $5::INT8, $6::INT8, $7::BOOL)
ON CONFLICT (shard) DO UPDATE SET
    next_offset = excluded.next_offset, seq = excluded.seq, head = excluded.head,
    clock_us = excluded.clock_us, command_offset = excluded.command_offset,
    inside = excluded.inside
WHERE audited.seq < excluded.seq;
