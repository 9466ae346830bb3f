-- Writes the last word about each thing of the gathering. Index: primary key of gather.
-- Rows: none returned, one written per thing.
INSERT INTO gather (shard, kind, id, seq, part, book, account, key, peer, number, body)
SELECT
    $1::INT2, x.kind, x.id, x.seq, x.part, x.book, x.account, x.key, x.peer, x.number, x.body
FROM unnest(
    $2::INT2[], $3::TEXT[], $4::INT8[], $5::INT2[], $6::TEXT[], $7::TEXT[], $8::TEXT[],
    $9::INT4[], $10::INT8[], $11::BYTEA[]
) AS x (kind, id, seq, part, book, account, key, peer, number, body)
ON CONFLICT (shard, kind, id) DO UPDATE SET
    seq = excluded.seq,
    part = excluded.part,
    book = excluded.book,
    account = excluded.account,
    key = excluded.key,
    peer = excluded.peer,
    number = excluded.number,
    body = excluded.body;
