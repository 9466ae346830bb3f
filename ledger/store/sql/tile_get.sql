-- Reads a tile. Index: primary key of tile. Rows: at most 1.
SELECT tile.level, tile.number, tile.hashes
FROM tile
WHERE tile.shard = $1::INT2 AND tile.level = $2::INT2 AND tile.number = $3::INT8;
