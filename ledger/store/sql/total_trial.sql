-- The trial balance of a book: the newest totals of each shard, added. Index: primary
-- key of total: a seek to the next type of a shard, then one to its newest row. Rows:
-- one per type and asset.
WITH RECURSIVE k AS (
    SELECT s.shard, f.type, f.asset
    FROM shard AS s
    CROSS JOIN LATERAL (
        SELECT t.type, t.asset
        FROM total AS t
        WHERE t.shard = s.shard AND t.book = $1::TEXT
        ORDER BY t.type, t.asset
        LIMIT 1
    ) AS f
    UNION ALL
    SELECT k.shard, n.type, n.asset
    FROM k
    CROSS JOIN LATERAL (
        SELECT t.type, t.asset
        FROM total AS t
        WHERE t.shard = k.shard AND t.book = $1::TEXT AND (t.type, t.asset) > (k.type, k.asset)
        ORDER BY t.type, t.asset
        LIMIT 1
    ) AS n
)

SELECT k.type, k.asset, sum(l.debit) AS debit, sum(l.credit) AS credit
FROM k
CROSS JOIN LATERAL (
    SELECT t.debit, t.credit
    FROM total AS t
    WHERE t.shard = k.shard AND t.book = $1::TEXT AND t.type = k.type AND t.asset = k.asset
    ORDER BY t.seq DESC
    LIMIT 1
) AS l
GROUP BY k.type, k.asset
ORDER BY k.type, k.asset;
