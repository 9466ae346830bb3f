-- How far a shard was audited. Index: primary key of audited. Rows: at most 1.
SELECT a.next_offset, a.seq, a.head, a.clock_us, a.command_offset, a.inside
FROM audited AS a
WHERE a.shard = $1::INT2;
