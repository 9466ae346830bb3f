-- Writes scheduled entries as they stand after the batch. Index: primary key of
-- scheduled. Rows: none returned, one written per entry.
INSERT INTO scheduled (shard, seq, book, state, day, body)
SELECT $1::INT2, x.seq, x.book, x.state, x.day, x.body
FROM unnest($2::INT8[], $3::TEXT[], $4::INT2[], $5::DATE[], $6::BYTEA[])
    AS x (seq, book, state, day, body)
ON CONFLICT (shard, seq) DO UPDATE SET
    state = excluded.state,
    body = excluded.body;
