-- Writes versions of private data; those that exist stay as they are. Index: primary key
-- of private_data. Rows: one per version that was new.
INSERT INTO private_data (book, kind, id, version, data, created)
SELECT x.book, x.kind, x.id, x.version, x.data, now()
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::INT8[], $5::BYTEA[])
    AS x (book, kind, id, version, data)
ON CONFLICT (book, kind, id, version) DO NOTHING
RETURNING private_data.id;
