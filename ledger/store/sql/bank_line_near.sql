-- Reads the lines that the bank has told of an account on some days, those of some operations,
-- and those whose ids were made of some requisites. Index: bank_line_day, bank_line_operation
-- and bank_line_made, one seek per operation and requisites. Rows: one per line.
SELECT b.line, b.operation, b.day, b.debit, b.amount, b.content, b.made, b.nth
FROM bank_line AS b
WHERE b.book = $1::TEXT AND b.account = $2::TEXT AND b.day BETWEEN $3::TEXT AND $4::TEXT
UNION
SELECT b.line, b.operation, b.day, b.debit, b.amount, b.content, b.made, b.nth
FROM bank_line AS b
WHERE b.book = $1::TEXT AND b.account = $2::TEXT AND b.operation = ANY($5::TEXT[])
UNION
SELECT b.line, b.operation, b.day, b.debit, b.amount, b.content, b.made, b.nth
FROM bank_line AS b
WHERE b.book = $1::TEXT AND b.account = $2::TEXT AND b.made = ANY($6::TEXT[])
ORDER BY line;
