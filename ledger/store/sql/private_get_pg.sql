-- Reads private data with the keys that seal it: of each id its version, or the newest when
-- that is the largest number, in the order of ids. PostgreSQL only: CockroachDB gets private_get once per id.
-- Index: primary keys of private_data, one backward seek per id, and of private_key, one
-- seek per row. Rows: at most one per id.
SELECT
    d.book, d.kind, d.id, d.version, d.owner, d.data, d.created,
    coalesce(k.wrapper, ''), coalesce(k.wrapped, ''::BYTEA)
FROM unnest($2::TEXT[], $3::TEXT[], $4::INT8[]) WITH ORDINALITY AS i (kind, id, version, place)
CROSS JOIN LATERAL (
    SELECT
        private_data.book, private_data.kind, private_data.id, private_data.version,
        private_data.owner, private_data.data, private_data.created
    FROM private_data
    WHERE private_data.book = $1::TEXT AND private_data.kind = i.kind
        AND private_data.id = i.id AND private_data.version <= i.version
    ORDER BY private_data.version DESC
    LIMIT 1
) AS d
LEFT JOIN LATERAL (
    SELECT private_key.wrapper, private_key.wrapped
    FROM private_key
    WHERE private_key.book = $1::TEXT AND private_key.owner = d.owner
    LIMIT 1
) AS k ON TRUE
WHERE i.version IN (d.version, 9223372036854775807)
ORDER BY i.place;
