-- Says whether anybody has a device. Index: any of device. Rows: one or none.
-- scan: ok because the first row that is met is the answer
SELECT 1::INT8 FROM device LIMIT 1;
