-- Notes how far an account's statement was read; it never goes back. Index: primary key of
-- bank_read. Rows: none returned, one written or none.
INSERT INTO bank_read (book, account, day)
VALUES ($1::TEXT, $2::TEXT, $3::TEXT)
ON CONFLICT (book, account) DO UPDATE SET day = excluded.day
WHERE bank_read.day < excluded.day;
