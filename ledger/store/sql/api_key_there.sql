-- Names those callers' keys that exist. Index: primary key of api_key. Rows: at most one
-- per id.
SELECT k.id
FROM api_key AS k
WHERE k.id = ANY($1::TEXT[]);
