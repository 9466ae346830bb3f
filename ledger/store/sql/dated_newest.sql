-- A page of the aggregates of a flow in one state and place from day $8 to day $9, of an amount from $10
-- to $11, the latest day first, behind the cursor ($5, $6, $7). Index: primary key of dated, one backward seek;
-- primary key of aggregate. Rows: at most $12.
SELECT
    a.shard, a.book, a.flow, a.id, a.owner, a.state, a.version, a.data, a.progress,
    x.day::INT8, a.updated_us
FROM dated AS x
INNER JOIN aggregate AS a
    ON a.shard = x.shard AND a.book = x.book AND a.flow = x.flow AND a.id = x.id
        AND a.state = x.state
WHERE x.book = $1::TEXT
    AND x.flow = $2::TEXT
    AND x.place = $3::TEXT
    AND x.state = $4::TEXT
    AND (x.day, x.shard, x.id) < ($5::INT4, $6::INT2, $7::TEXT)
    AND x.day >= $8::INT4
    AND x.day <= $9::INT4
    AND x.amount >= $10::NUMERIC
    AND x.amount <= $11::NUMERIC
ORDER BY x.day DESC, x.shard DESC, x.id DESC
LIMIT $12::INT8;
