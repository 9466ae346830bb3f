-- Counts an owner's aggregates of a flow by state and, in rows of their own, by section
-- of a state. Index: aggregate_owner and aggregate_section, the owner's part of each.
-- Rows: one per state and one per section.
SELECT a.state, '' AS section, count(a.id) AS aggregates
FROM aggregate AS a
WHERE a.book = $1::TEXT AND a.flow = $2::TEXT AND a.owner = $3::TEXT
GROUP BY a.state
UNION ALL
SELECT a.state, a.section, count(a.id) AS aggregates
FROM aggregate AS a
WHERE a.book = $1::TEXT AND a.flow = $2::TEXT AND a.owner = $3::TEXT AND a.section <> ''
GROUP BY a.state, a.section
ORDER BY state, section;
