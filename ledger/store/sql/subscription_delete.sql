-- Ends a subscription of a company. Index: primary key of subscription. Rows: one returned
-- and deleted, none when the company has no such subscription.
DELETE FROM subscription
WHERE book = $1::TEXT AND owner = $2::TEXT AND id = $3::TEXT
RETURNING id;
