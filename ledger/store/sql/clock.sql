-- The database's clock. Index: none. Rows: 1.
SELECT clock_timestamp() AS clock;
