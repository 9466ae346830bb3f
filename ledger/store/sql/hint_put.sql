-- Notes what callbacks hinted at, each attempt once. One about an attempt that said
-- something else makes both say nothing. Index: primary key of hint. Rows: none returned,
-- one written per attempt.
INSERT INTO hint (shard, attempt, says, answers, tries, heard_us, due_us)
SELECT $1::INT2, x.attempt, x.says, x.answers, 0, x.heard_us, x.heard_us
FROM unnest($2::TEXT[], $3::TEXT[], $4::INT8[], $5::INT8[]) AS x (attempt, says, answers, heard_us)
ON CONFLICT (shard, attempt) DO UPDATE SET
    says = CASE WHEN hint.says = excluded.says THEN excluded.says ELSE '' END,
    answers = excluded.answers, tries = 0, heard_us = excluded.heard_us, due_us = excluded.due_us;
