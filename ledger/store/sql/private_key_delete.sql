-- Deletes a key of private data. Index: primary key of private_key. Rows: none.
DELETE FROM private_key AS k
WHERE k.book = $1::TEXT AND k.owner = $2::TEXT;
