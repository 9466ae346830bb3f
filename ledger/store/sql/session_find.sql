-- Finds a session by the hash of its token. Index: primary key of session. Rows: at most 1.
SELECT s.hash, s.id, s.book, s.owner, s.member, s.begun, s.used, s.ends, s.until, s.note
FROM session AS s
WHERE s.hash = $1::BYTEA;
