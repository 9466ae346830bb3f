-- Where the segment begins that may contain a record. Index: primary key of segment, one
-- backward seek. Rows: 1 when the journal has begun.
SELECT s.shard, s.first_seq
FROM segment AS s
WHERE s.shard = $1::INT2 AND s.first_seq <= $2::INT8
ORDER BY s.first_seq DESC
LIMIT 1;
