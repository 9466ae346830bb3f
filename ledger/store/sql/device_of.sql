-- Lists the devices of people. Index: device_member. Rows: a few for each.
SELECT d.book, d.id, d.member, d.session, d.created, d.token
FROM unnest($2::TEXT[]) AS m (name)
JOIN device AS d ON d.book = $1::TEXT AND d.member = m.name
ORDER BY d.member, d.created, d.id;
