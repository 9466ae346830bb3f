-- Reads a shard's newest totals. Index: primary key of total: a seek to the next type,
-- then one to its newest row. Rows: one per book, type and asset.
WITH RECURSIVE k AS (
    (
        SELECT t.book, t.type, t.asset
        FROM total AS t
        WHERE t.shard = $1::INT2
        ORDER BY t.book, t.type, t.asset
        LIMIT 1
    )
    UNION ALL
    SELECT n.book, n.type, n.asset
    FROM k
    CROSS JOIN LATERAL (
        SELECT t.book, t.type, t.asset
        FROM total AS t
        WHERE t.shard = $1::INT2 AND (t.book, t.type, t.asset) > (k.book, k.type, k.asset)
        ORDER BY t.book, t.type, t.asset
        LIMIT 1
    ) AS n
)

SELECT k.book, k.type, k.asset, l.debit, l.credit
FROM k
CROSS JOIN LATERAL (
    SELECT t.debit, t.credit
    FROM total AS t
    WHERE t.shard = $1::INT2 AND t.book = k.book AND t.type = k.type AND t.asset = k.asset
    ORDER BY t.seq DESC
    LIMIT 1
) AS l
ORDER BY k.book, k.type, k.asset;
