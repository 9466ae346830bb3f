-- Which database this is. Index: none. Rows: 1.
SELECT version() AS version;
