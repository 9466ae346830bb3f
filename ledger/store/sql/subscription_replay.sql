-- Lets a subscription of a company go on, from a position; takes it from its holder.
-- Index: primary key of subscription. Rows: one returned and written, none when the
-- company has no such subscription.
UPDATE subscription SET
    seq = $4::INT8, paused = FALSE, failures = 0, error = '', due = $5::TIMESTAMPTZ, holder = ''
WHERE book = $1::TEXT AND owner = $2::TEXT AND id = $3::TEXT
RETURNING id;
