-- Forgets what became of a subscription's postbacks before the last $4. Index: primary key of
-- delivery. Rows: none returned.
DELETE FROM delivery AS d
WHERE d.book = $1::TEXT
    AND d.owner = $2::TEXT
    AND d.subscription = $3::TEXT
    AND d.at < (
        SELECT k.at
        FROM delivery AS k
        WHERE k.book = $1::TEXT AND k.owner = $2::TEXT AND k.subscription = $3::TEXT
        ORDER BY k.at DESC, k.seq DESC
        LIMIT 1 OFFSET $4::INT8
    );
