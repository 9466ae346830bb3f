-- Keeps every rule that came into force. Index: primary key of rule_history. Rows: none
-- returned, one written per rule.
INSERT INTO rule_history (shard, book, kind, subject, version, seq, clock_us, body)
SELECT $1::INT2, x.book, x.kind, x.subject, x.version, x.seq, x.clock_us, x.body
FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[], $5::INT8[], $6::INT8[], $7::INT8[], $8::BYTEA[])
    AS x (book, kind, subject, version, seq, clock_us, body);
