-- Takes everything that a caller's key may do. Index: primary key of api_key. Rows: one
-- returned and written, none when there is no such key.
UPDATE api_key SET roles = '{}'
WHERE id = $1::TEXT
RETURNING id;
