-- A page of the aggregates of a flow that a name finds, the last addressed first, behind the
-- cursor ($4, $5, $6), in the states $8, in the section $9 and of the owner $10 ('' = any). Index: primary
-- key of audience, one backward seek; primary key of aggregate. Rows: at most $7.
SELECT
    a.shard, a.book, a.flow, a.id, a.owner, a.state, a.version, a.data, a.progress,
    x.at_us, a.updated_us
FROM audience AS x
INNER JOIN aggregate AS a
    ON a.shard = x.shard AND a.book = x.book AND a.flow = x.flow AND a.id = x.id
WHERE x.book = $1::TEXT
    AND x.flow = $2::TEXT
    AND x.name = $3::TEXT
    AND (x.at_us, x.shard, x.id) < ($4::INT8, $5::INT2, $6::TEXT)
    AND a.state = ANY($8::TEXT[])
    AND ($9::TEXT = '' OR a.section = $9::TEXT)
    AND ($10::TEXT = '' OR x.owner = $10::TEXT)
ORDER BY x.at_us DESC, x.shard DESC, x.id DESC
LIMIT $7::INT8;
