package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/book"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// check recomputes the books from the stored rows and compares them with what was
// acknowledged: keys, legs, double entry, every account's sums, the trial balance.
func (h *house) check(ctx context.Context, names *names) error {
	var keys, legs, records, seqs int64
	var debit, credit string
	err := h.sql.QueryRow(ctx, `SELECT (SELECT count(*) FROM idempotency), (SELECT count(*) FROM leg),
		(SELECT sum(count)::INT8 FROM segment), (SELECT sum(seq)::INT8 FROM shard),
		(SELECT sum(amount)::TEXT FROM leg WHERE kind = 1), (SELECT sum(amount)::TEXT FROM leg WHERE kind = 2)`).
		Scan(&keys, &legs, &records, &seqs, &debit, &credit)
	if err != nil {
		return err
	}
	want := h.expected
	if keys != int64(want.operations) || legs != int64(2*want.entries) || records != int64(want.operations) || records != seqs || debit != credit {
		return fmt.Errorf("the books are wrong: %d operations and %d entries were acknowledged; there are %d keys, %d legs, %d records, heads at %d; debits %s, credits %s",
			want.operations, want.entries, keys, legs, records, seqs, debit, credit)
	}
	byID := make(map[[16]byte]int, len(names.wallets))
	for i, name := range names.wallets {
		byID[book.ID(bookName, name)] = i
	}
	bank := book.ID(bookName, "bank:settlement")
	rows, err := h.sql.Query(ctx, `SELECT account, sum(debit * 100)::INT8, sum(credit * 100)::INT8
		FROM (SELECT DISTINCT ON (shard, account, asset) account, debit, credit FROM leg
		ORDER BY shard, account, asset, seq DESC, leg DESC) AS x GROUP BY account`)
	if err != nil {
		return err
	}
	var id [16]byte
	var d, c int64
	seen := 0
	_, err = pgx.ForEachRow(rows, []any{&id, &d, &c}, func() error {
		seen++
		wantD, wantC := want.bank, int64(0)
		if id != bank {
			i, ok := byID[id]
			if !ok {
				return fmt.Errorf("the books are wrong: account %x is nobody's", id)
			}
			wantD, wantC = want.debit[i], want.credit[i]
		}
		if d != wantD || c != wantC {
			return fmt.Errorf("the books are wrong: account %x has debits of %d and credits of %d, acknowledged were %d and %d", id, d, c, wantD, wantC)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if seen != len(names.wallets)+1 {
		return fmt.Errorf("the books are wrong: %d accounts have legs, %d should", seen, len(names.wallets)+1)
	}
	return h.trial(ctx, debit, credit)
}

// trial asks the server for the trial balance and compares it with the legs.
func (h *house) trial(ctx context.Context, debit, credit string) error {
	if h.server == nil || !h.config.API {
		return nil
	}
	c := newRPC(h.server.Addr, h.key, 1)
	defer c.close()
	answer, err := c.TrialBalance(ctx, &ledgerv1.TrialBalanceRequest{Book: bookName})
	if err != nil {
		return fmt.Errorf("trial balance: %w", err)
	}
	plain := func(s string) string { return strings.TrimRight(strings.TrimRight(s, "0"), ".") }
	for _, t := range answer.GetTotals() {
		if plain(t.GetDebit()) != plain(debit) || plain(t.GetCredit()) != plain(credit) {
			return fmt.Errorf("the books are wrong: the trial balance says %v, the legs %s and %s", t, debit, credit)
		}
	}
	if len(answer.GetTotals()) != 1 {
		return fmt.Errorf("the books are wrong: the trial balance has %d totals", len(answer.GetTotals()))
	}
	return nil
}

// published waits until the relay has published all records, and says how many were
// still missing at first.
func (h *house) published(ctx context.Context) (behind int64, err error) {
	if !h.config.Relay {
		return 0, nil
	}
	for first := true; ; first = false {
		n, err := h.unpublished(ctx)
		if err != nil {
			return 0, err
		}
		if first {
			behind = n
		}
		if n == 0 {
			return behind, nil
		}
		if err := pause(ctx); err != nil {
			return 0, err
		}
	}
}
