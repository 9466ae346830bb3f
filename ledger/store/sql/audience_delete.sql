-- Forgets who found aggregates of a shard that are readdressed. Index: audience_aggregate, one
-- seek per aggregate. Rows: none returned.
DELETE FROM audience
WHERE audience.shard = $1::INT2
    AND (audience.book, audience.flow, audience.id) IN (
        SELECT x.book, x.flow, x.id
        FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[]) AS x (book, flow, id)
    );
