-- Writes which records the batch's records go on from. Index: primary key of follow.
-- Rows: none returned, one written per hold that changed and per entry given back.
INSERT INTO follow (shard, seq, kind, next_seq)
SELECT $1::INT2, x.seq, x.kind, x.next_seq
FROM unnest($2::INT8[], $3::INT2[], $4::INT8[]) AS x (seq, kind, next_seq);
