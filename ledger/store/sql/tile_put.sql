-- Writes tiles, in place of shorter ones. Index: primary key of tile. Rows: none
-- returned, one written per tile.
INSERT INTO tile (shard, level, number, hashes)
SELECT $1::INT2, x.level, x.number, x.hashes
FROM unnest($2::INT2[], $3::INT8[], $4::BYTEA[]) AS x (level, number, hashes)
ON CONFLICT (shard, level, number) DO UPDATE SET hashes = excluded.hashes;
