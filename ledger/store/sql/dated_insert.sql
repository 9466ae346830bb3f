-- Writes by which days aggregates of a shard are found. Index: primary key of dated. Rows: none
-- returned, one written per aggregate and place.
INSERT INTO dated (book, flow, place, state, day, shard, id, amount)
SELECT x.book, x.flow, x.place, x.state, x.day, $1::INT2, x.id, x.amount
FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::INT4[], $7::TEXT[], $8::NUMERIC[])
    AS x (book, flow, place, state, day, id, amount);
