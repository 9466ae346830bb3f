-- How many of the given versions stand with the given content. Index: primary key of
-- private_data. Rows: 1.
SELECT count(p.id) AS same
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::INT8[], $5::BYTEA[])
    AS x (book, kind, id, version, data)
INNER JOIN private_data AS p
    ON p.book = x.book AND p.kind = x.kind AND p.id = x.id AND p.version = x.version
WHERE p.data = x.data;
