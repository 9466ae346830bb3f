-- Writes the journal's new segments. Index: primary key and segment_clock, at their
-- shard's end. Rows: none returned, one written per 32 KiB of records.
INSERT INTO segment (shard, first_seq, count, clock_us, head, data)
SELECT $1::INT2, x.first_seq, x.count, x.clock_us, x.head, x.data
FROM unnest($2::INT8[], $3::INT4[], $4::INT8[], $5::BYTEA[], $6::BYTEA[])
    AS x (first_seq, count, clock_us, head, data);
