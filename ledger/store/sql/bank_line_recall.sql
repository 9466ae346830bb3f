-- Writes lines of which nothing that the bank has told is kept; one that is there stays. Index:
-- primary key of bank_line. Rows: none returned, at most one written per line.
INSERT INTO bank_line (book, account, line, operation, day, debit, amount, content, made, nth)
SELECT $1::TEXT, $2::TEXT, x.line, x.operation, x.day, x.debit, x.amount, x.content, x.made, x.nth
FROM unnest($3::TEXT[], $4::TEXT[], $5::TEXT[], $6::BOOL[], $7::TEXT[], $8::TEXT[], $9::TEXT[], $10::INT8[])
    AS x (line, operation, day, debit, amount, content, made, nth)
ON CONFLICT (book, account, line) DO NOTHING;
