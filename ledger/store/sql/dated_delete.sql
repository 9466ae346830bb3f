-- Forgets by which days aggregates of a shard that have moved were found. Index: dated_aggregate,
-- one seek per aggregate. Rows: none returned.
DELETE FROM dated
WHERE dated.shard = $1::INT2
    AND (dated.book, dated.flow, dated.id) IN (
        SELECT x.book, x.flow, x.id
        FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[]) AS x (book, flow, id)
    );
