-- Begins a shard's projection. Index: primary key of projection. Rows: none returned, one
-- written.
INSERT INTO projection (shard, seq, head, clock_us)
VALUES ($1::INT2, $2::INT8, $3::BYTEA, $4::INT8);
