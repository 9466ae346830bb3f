-- Reads which records went on from those of the numbers, oldest first. Index: primary
-- key of follow. Rows: one per change of a hold or reversal of an entry.
SELECT follow.seq, follow.next_seq
FROM follow
WHERE follow.shard = $1::INT2 AND follow.seq = ANY($2::INT8[]) AND follow.kind = $3::INT2
ORDER BY follow.seq, follow.next_seq;
