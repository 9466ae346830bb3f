-- Puts a key wrapped anew in the place of the same key as it was. Index: primary key of
-- private_key. Rows: none.
UPDATE private_key AS k
SET wrapper = $3::TEXT, wrapped = $4::BYTEA
WHERE k.book = $1::TEXT AND k.owner = $2::TEXT AND k.wrapped = $5::BYTEA;
