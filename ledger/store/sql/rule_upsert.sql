-- Writes the rules that the batch brought into force. Index: primary key of rule. Rows:
-- none returned, one written per rule.
INSERT INTO rule (shard, book, kind, subject, version, seq, body)
SELECT $1::INT2, x.book, x.kind, x.subject, x.version, x.seq, x.body
FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[], $5::INT8[], $6::INT8[], $7::BYTEA[])
    AS x (book, kind, subject, version, seq, body)
ON CONFLICT (shard, book, kind, subject) DO UPDATE SET
    version = excluded.version,
    seq = excluded.seq,
    body = excluded.body;
