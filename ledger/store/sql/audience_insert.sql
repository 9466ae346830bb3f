-- Writes who finds aggregates of a shard. Index: primary key of audience. Rows: none returned,
-- one written per aggregate and name.
INSERT INTO audience (book, flow, name, at_us, shard, id, owner)
SELECT x.book, x.flow, x.name, x.at_us, $1::INT2, x.id, x.owner
FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[], $5::INT8[], $6::TEXT[], $7::TEXT[])
    AS x (book, flow, name, at_us, id, owner);
