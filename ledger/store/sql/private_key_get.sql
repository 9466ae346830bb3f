-- Reads keys of private data. Index: primary key of private_key. Rows: at most one per owner.
SELECT k.book, k.owner, k.wrapper, k.wrapped
FROM private_key AS k
WHERE k.book = $1::TEXT AND k.owner = ANY($2::TEXT[])
ORDER BY k.owner;
