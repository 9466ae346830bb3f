-- Reads private data: a version, or the newest when 0 is asked. Index: primary key of
-- private_data, one backward seek per id. Rows: at most one per id.
SELECT p.book, p.kind, p.id, p.version, p.data, p.created
FROM unnest($3::TEXT[], $4::INT8[]) AS k (id, version)
CROSS JOIN LATERAL (
    SELECT d.book, d.kind, d.id, d.version, d.data, d.created
    FROM private_data AS d
    WHERE d.book = $1::TEXT
        AND d.kind = $2::TEXT
        AND d.id = k.id
        AND d.version >= k.version
        AND d.version <= CASE WHEN k.version = 0 THEN 9223372036854775807 ELSE k.version END
    ORDER BY d.version DESC
    LIMIT 1
) AS p
ORDER BY p.id, p.version;
