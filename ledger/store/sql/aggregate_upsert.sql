-- Writes aggregates as they stand after the batch. The batch's own entries are appended
-- to those that stand: once, because the commit's first statement lets a record's rows
-- through only once. The time of creation stays that of the first batch. Index: primary
-- key of aggregate, and its two lists. Rows: none returned, one written per aggregate.
INSERT INTO aggregate (
    shard, book, flow, id, owner, state, version, data, progress, entries,
    created_us, updated_us, section
)
SELECT
    $1::INT2, x.book, x.flow, x.id, x.owner, x.state, x.version, x.data, x.progress,
    x.entries::INT8[], x.created_us, x.updated_us, x.section
FROM unnest(
    $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::INT8[], $8::BYTEA[],
    $9::BYTEA[], $10::TEXT[], $11::INT8[], $12::INT8[], $13::TEXT[]
) AS x (
    book, flow, id, owner, state, version, data, progress, entries, created_us, updated_us,
    section
)
ON CONFLICT (shard, book, flow, id) DO UPDATE SET
    owner = excluded.owner,
    state = excluded.state,
    version = excluded.version,
    data = excluded.data,
    progress = excluded.progress,
    entries = aggregate.entries || excluded.entries,
    updated_us = excluded.updated_us,
    section = excluded.section;
