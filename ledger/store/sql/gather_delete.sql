-- Removes what the gathering need not remember after the batch. Index: primary key of
-- gather. Rows: none returned, at most one removed per pair.
DELETE FROM gather
WHERE gather.shard = $1::INT2
    AND (gather.kind, gather.id) IN (
        SELECT x.kind, x.id
        FROM unnest($2::INT2[], $3::TEXT[]) AS x (kind, id)
    );
