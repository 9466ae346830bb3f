-- How many of the given versions stand with the given content. Index: primary key of
-- private_data, one seek per version. Rows: 1.
SELECT count(p.id) AS same
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::INT8[], $5::BYTEA[])
    AS x (book, kind, id, version, data)
CROSS JOIN LATERAL (
    SELECT d.id
    FROM private_data AS d
    WHERE d.book = x.book
        AND d.kind = x.kind
        AND d.id = x.id
        AND d.version = x.version
        AND d.data = x.data
    LIMIT 1
) AS p;
