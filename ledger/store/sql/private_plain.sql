-- Lists private data that is not sealed. Index: private_data_plain. Rows: at most $1.
-- scan: ok because the index has only what is left to seal, usually nothing
SELECT d.book, d.kind, d.id, d.version, d.owner, d.data, d.created, ''::TEXT, ''::BYTEA
FROM private_data AS d
WHERE d.owner = ''
ORDER BY d.book, d.kind, d.id, d.version
LIMIT $1::INT8;
