-- Writes the marks of a run of records, in the order of the index. Those of a projection
-- before are the same rows. Index: primary key of mark. Rows: none returned, one written
-- per mark.
INSERT INTO mark (shard, mark, seq, clock_us)
SELECT $1::INT2, x.mark, x.seq, x.clock_us
FROM unnest($2::UUID[], $3::INT8[], $4::INT8[]) AS x (mark, seq, clock_us)
ON CONFLICT (shard, mark, seq) DO NOTHING;
