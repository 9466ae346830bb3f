-- Keeps a finding of the auditor; one that is known stays as it is. Index: primary key of
-- finding. Rows: none returned, at most one written.
INSERT INTO finding (shard, seq, place, what, expected, found, book, accounts, event, noted)
VALUES (
    $1::INT2, $2::INT8, $3::TEXT, $4::TEXT, $5::TEXT, $6::TEXT, $7::TEXT, $8::TEXT[], $9::BYTEA, now()
)
ON CONFLICT (shard, seq, what) DO NOTHING;
