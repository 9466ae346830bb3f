-- Forgets hints that were asked about, but for those about which another was heard since.
-- Index: primary key of hint. Rows: none returned, at most one deleted per attempt.
DELETE FROM hint
WHERE hint.shard = $1::INT2
    AND (hint.attempt, hint.heard_us) IN (
        SELECT x.attempt, x.heard_us
        FROM unnest($2::TEXT[], $3::INT8[]) AS x (attempt, heard_us)
    );
