-- Makes a subscription, once. Index: primary key of subscription. Rows: none returned, one
-- written or none when it is there.
INSERT INTO subscription
    (id, book, owner, uri, method, events, shard, seq, paused, failures, failing, error, due, holder, held, created)
VALUES ($1::TEXT, $2::TEXT, $3::TEXT, $4::TEXT, $5::TEXT, $6::TEXT[], $7::INT2, $8::INT8, FALSE, 0, $9::TIMESTAMPTZ, '',
        $9::TIMESTAMPTZ, '', $9::TIMESTAMPTZ, $9::TIMESTAMPTZ)
ON CONFLICT (book, owner, id) DO NOTHING;
