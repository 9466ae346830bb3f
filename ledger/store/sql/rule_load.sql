-- Reads rules of a shard. Index: primary key of rule. Rows: at most one per key.
SELECT r.shard, r.book, r.seq, r.body
FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[]) AS k (book, kind, subject)
INNER JOIN rule AS r
    ON r.shard = $1::INT2 AND r.book = k.book AND r.kind = k.kind AND r.subject = k.subject;
