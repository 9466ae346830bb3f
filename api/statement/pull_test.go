package statement

import (
	"bytes"
	"testing"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/incoming"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
)

// Three accounts of ours: files tell of one, the bank of the others.
const filed, asked, third, stranger = "40702810500000000001", "40702810500000000002", "40702810500000000003", "40702810500000000077"

func moved(account, other string, out bool) *port.Statement {
	return &port.Statement{
		Accounts: []port.AccountTotals{{Account: account}},
		Movements: []port.Movement{{
			Account: account, Out: out, Amount: money.MustParse("10.00"), Day: "2026-03-02", DocumentDay: "2026-03-02", Number: "1", Operation: "op-1",
			Counterparty: port.Party{Account: other},
		}},
	}
}

// TestWhatStandsIsNotWrittenAgain: a look that finds what was told before writes nothing.
func TestWhatStandsIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	was := incoming.Movement{Line: "l1", Operation: "in:o1", Day: "2026-03-02", Amount: money.MustParse("10.00"), Content: "a", Made: "a"}
	changed, left := was, was
	changed.Content, left.Line = "b", ""
	if got := unlike([]store.BankLine{rowOf(was)}, []incoming.Movement{was, left}); len(got) != 0 {
		t.Errorf("%v is written", got)
	}
	if got := unlike([]store.BankLine{rowOf(was)}, []incoming.Movement{was, changed}); len(got) != 1 || got[0].Content != "b" {
		t.Errorf("%v is written", got)
	}
}

// TestEachAccountHasOneSource: what another source tells is refused, and a transfer between
// accounts of two sources is told by the payer's alone.
func TestEachAccountHasOneSource(t *testing.T) {
	t.Parallel()
	vault, err := private.New(private.Config{DB: new(store.DB), Secrets: [][]byte{bytes.Repeat([]byte{1}, 32)}, Keys: [][]byte{bytes.Repeat([]byte{2}, 32)}})
	if err != nil {
		t.Fatal(err)
	}
	nameless := moved(asked, stranger, false)
	nameless.Movements[0].Operation = ""
	s := New(&gate.Gate{Vault: vault, Now: time.Now}, nil, map[string]string{filed: "settlement", asked: "second", third: "third"}, map[string]bool{asked: true, third: true}, "", nil)
	for name, c := range map[string]struct {
		told   *port.Statement
		byBank bool
		lines  int
		code   fault.Code
	}{
		"a file":                           {moved(filed, stranger, false), false, 1, ""},
		"the bank":                         {moved(asked, stranger, false), true, 1, ""},
		"the bank, without a name":         {nameless, true, 0, fault.FileFormat},
		"a file of the bank's":             {moved(asked, stranger, false), false, 0, fault.StatementSource},
		"the bank of a filed one":          {moved(filed, stranger, false), true, 0, fault.StatementSource},
		"nobody's":                         {moved(stranger, filed, false), false, 0, fault.FileFormat},
		"a transfer left, by file":         {moved(filed, asked, true), false, 1, ""},
		"and came, by the bank":            {moved(asked, filed, false), true, 0, ""},
		"a transfer left, by the bank":     {moved(asked, filed, true), true, 1, ""},
		"and came, by file":                {moved(filed, asked, false), false, 0, ""},
		"and came, from one of the bank's": {moved(asked, third, false), true, 0, ""},
		"movements of another source":      {&port.Statement{Movements: moved(asked, stranger, true).Movements}, false, 0, fault.StatementSource},
		"totals of another, no movement":   {&port.Statement{Accounts: moved(asked, stranger, true).Accounts}, false, 0, fault.StatementSource},
	} {
		lines, refusal := s.lines(c.told, c.byBank)
		if len(lines) != c.lines || (refusal == nil) != (c.code == "") || refusal != nil && refusal.Code != c.code {
			t.Errorf("%s: %d lines, %v", name, len(lines), refusal)
		}
		if left := refusal == nil && len(lines) == 0; left != (len(c.told.Notes) > 0) {
			t.Errorf("%s: notes %q", name, c.told.Notes)
		}
	}
}
