-- Forgets what became of a subscription's postbacks. Index: primary key of delivery. Rows: none
-- returned.
DELETE FROM delivery AS d
WHERE d.book = $1::TEXT AND d.owner = $2::TEXT AND d.subscription = $3::TEXT;
