-- Reads how far an account's statement was read. Index: primary key of bank_read. Rows: at
-- most one.
SELECT r.day
FROM bank_read AS r
WHERE r.book = $1::TEXT AND r.account = $2::TEXT;
