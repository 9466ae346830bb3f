-- A page of the accounts of a type that were ever touched, behind ($5, $6, $7), whose
-- owners lie from $3 up to before $4. Each shard gives a page, the page is the first of
-- them all. Index: primary key of stripe, one seek per shard. Rows: one per stripe of at
-- most $8 accounts.
WITH near AS (
    SELECT n.owner, n.part, n.asset, n.account, n.shard
    FROM shard AS s
    CROSS JOIN LATERAL (
        SELECT stripe.owner, stripe.part, stripe.asset, stripe.account, stripe.shard
        FROM stripe
        WHERE stripe.shard = s.shard
            AND stripe.book = $1::TEXT
            AND stripe.type = $2::TEXT
            AND stripe.owner >= $3::TEXT
            AND stripe.owner < $4::TEXT
            AND (stripe.owner, stripe.part, stripe.asset) > ($5::TEXT, $6::TEXT, $7::TEXT)
        ORDER BY stripe.owner, stripe.part, stripe.asset
        LIMIT $8::INT8
    ) AS n
), page AS (
    SELECT DISTINCT near.owner, near.part, near.asset
    FROM near
    ORDER BY near.owner, near.part, near.asset
    LIMIT $8::INT8
)

SELECT near.owner, near.part, near.asset, near.account, near.shard
FROM near
INNER JOIN page
    ON page.owner = near.owner AND page.part = near.part AND page.asset = near.asset
ORDER BY near.owner, near.part, near.asset, near.shard;
