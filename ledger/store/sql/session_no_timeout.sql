-- Inside the transaction of an audit: reading everything takes its time. Index: none.
-- Rows: none.
-- scan: ok because it reads nothing
SET LOCAL statement_timeout = 0;
