-- Notes what a callback hinted at. One about the same attempt that said something else
-- makes both say nothing. Index: primary key of hint. Rows: none returned, one written.
INSERT INTO hint (shard, attempt, says, answers, tries, heard_us, due_us)
VALUES ($1::INT2, $2::TEXT, $3::TEXT, $4::INT8, 0, $5::INT8, $5::INT8)
ON CONFLICT (shard, attempt) DO UPDATE SET
    says = CASE WHEN hint.says = excluded.says THEN excluded.says ELSE '' END,
    answers = excluded.answers, tries = 0, heard_us = excluded.heard_us, due_us = excluded.due_us;
