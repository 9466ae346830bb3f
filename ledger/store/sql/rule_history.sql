-- Reads how a rule came to be what it is, newest first, before a version. Index: primary
-- key of rule_history. Rows: at most the limit.
SELECT h.shard, h.book, h.seq, h.body
FROM rule_history AS h
WHERE
    h.shard = $1::INT2 AND h.book = $2::TEXT AND h.kind = $3::TEXT AND h.subject = $4::TEXT
    AND h.version < $5::INT8
ORDER BY h.version DESC
LIMIT $6::INT8;
