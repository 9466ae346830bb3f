-- Every leg, for the audit. Index: primary key of leg, whole. Rows: all.
-- scan: ok because an audit compares every leg
SELECT
    leg.shard, leg.account, leg.asset, leg.seq, leg.leg, leg.kind, leg.amount,
    leg.version, leg.clock_us, leg.day, leg.debit, leg.credit,
    leg.held_debit, leg.held_credit
FROM leg
ORDER BY leg.shard, leg.account, leg.asset, leg.seq, leg.leg;
