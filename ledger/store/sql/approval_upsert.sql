-- Writes what two people decide as it stands after the batch. Index: primary key of
-- approval. Rows: none returned, one written per approval.
INSERT INTO approval (shard, seq, book, state, body)
SELECT $1::INT2, x.seq, x.book, x.state, x.body
FROM unnest($2::INT8[], $3::TEXT[], $4::INT2[], $5::BYTEA[])
    AS x (seq, book, state, body)
ON CONFLICT (shard, seq) DO UPDATE SET
    state = excluded.state,
    body = excluded.body;
