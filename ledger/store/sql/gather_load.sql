-- Reads what a shard's gathering has to remember, in the order of records. Index:
-- primary key of gather. Rows: few; one per thing that is under way.
SELECT
    gather.kind, gather.seq, gather.book, gather.account, gather.key, gather.peer,
    gather.number, gather.body
FROM gather
WHERE gather.shard = $1::INT2
ORDER BY gather.seq, gather.part;
