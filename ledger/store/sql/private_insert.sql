-- Writes versions of private data; those that exist stay as they are. Index: primary key
-- of private_data. Rows: one per version that was new.
INSERT INTO private_data (book, kind, id, version, owner, data, created)
SELECT x.book, x.kind, x.id, x.version, x.owner, x.data, now()
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::INT8[], $5::TEXT[], $6::BYTEA[])
    AS x (book, kind, id, version, owner, data)
ON CONFLICT (book, kind, id, version) DO NOTHING
RETURNING private_data.id;
