package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/export"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// touched lists the accounts of a world by asset, without the transit parts.
func touched(w *audittest.World) (list [][2]string) {
	for _, l := range (memory{w}).walk("", "", 0, nil) {
		if of := [2]string{l.account, l.Key.Asset}; !book.IsTransit(l.account) && !slices.Contains(list, of) {
			list = append(list, of)
		}
	}
	return list
}

// moments are ranges of days and clocks that the random world has something in and outside of.
func moments(w *audittest.World, account, asset string) []export.Options {
	o := export.Options{Book: "main", Account: account, Asset: asset, What: export.Statement, Format: export.FormatCSV}
	list := []export.Options{o, o, o, o}
	list[1].From, list[1].To = "2026-03-02", "2026-03-31"
	list[2].To = "2026-03-01"
	for _, n := range w.Shards() {
		all := w.Records(n)
		list[3].KnownUS = max(list[3].KnownUS, all[len(all)/2].Record.GetClockUs())
	}
	return list
}

// total is what an account stands at by a walk over all records, on its normal side.
func total(w *audittest.World, account, asset, to string, knownUS int64) string {
	kind, _, _ := strings.Cut(account, ":")
	t, _ := book.LookupType(kind)
	of, _ := money.LookupAsset(asset)
	var s book.Stripe
	if to != "none" {
		sum := (memory{w}).turnover(knownUS, nil, "", to)[[2]string{account, asset}].Closing
		s.Debit, s.Credit = sum.Debit, sum.Credit
	}
	return of.Format(s.Balance(t.Class))
}

// TestStatementsAreThoseOfAWalk: of every account, range and clock, statement and card are what walking
// all records says: every posting once and in its order, what the account stands at before, after and
// between, and counter-accounts that add up to each posting.
func TestStatementsAreThoseOfAWalk(t *testing.T) {
	t.Parallel()
	for name, w := range worlds() {
		for _, of := range touched(w) {
			for _, o := range moments(w, of[0], of[1]) {
				checkStatement(t, fmt.Sprintf("%s: %v %s..%s known %d", name, of, o.From, o.To, o.KnownUS), w, o)
			}
		}
	}
}

func checkStatement(t *testing.T, what string, w *audittest.World, o export.Options) {
	t.Helper()
	asset, _ := money.LookupAsset(o.Asset)
	before := total(w, o.Account, o.Asset, "none", 0)
	if o.From != "" {
		before = total(w, o.Account, o.Asset, "2026-03-01", o.KnownUS) // the day before
	}
	var want []string
	for _, l := range (memory{w}).walk(o.From, o.To, o.KnownUS, nil) {
		if l.account == o.Account && l.Key.Asset == o.Asset && l.record.GetEntry().GetKind() != "transit" {
			want = append(want, fmt.Sprintf("%s %d.%d %d %v %s", l.Day, l.Shard, l.Seq, l.Leg, l.Kind == journalv1.LegKind_LEG_KIND_DEBIT, asset.Format(l.Amount)))
		}
	}
	var got [2][]string
	for i, form := range []export.What{export.Statement, export.Card} {
		o.What = form
		rows := readCSV(t, whole(t, w, o))
		first, last := rows[0], rows[len(rows)-1]
		if first["line"] != "opening" || last["line"] != "closing" || first["balance"] != before || last["balance"] != total(w, o.Account, o.Asset, o.To, o.KnownUS) {
			t.Errorf("%s: %s goes from %v to %v", what, form, first, last)
		}
		stands := money.MustParse(first["balance"])
		parts := map[string]money.Amount{}
		for _, r := range rows[1 : len(rows)-1] {
			kind, _ := book.LookupType(strings.Split(o.Account, ":")[0])
			amount := money.MustParse(r["debit"] + r["credit"])
			if stands = stands.Add(amount); (r["debit"] != "") != kind.Class.DebitNormal() {
				stands = stands.Sub(amount).Sub(amount)
			}
			if r["balance"] != asset.Format(stands) || r["account"] != o.Account || r["asset"] != o.Asset {
				t.Errorf("%s: %s stands at %s: %v", what, form, stands, r)
			}
			place := fmt.Sprintf("%s %s %s %v", r["day"], r["document"], r["leg"], r["debit"] != "")
			if form == export.Statement {
				counted(t, r["counters"], amount)
			} else if r["counter_account"] == "" {
				t.Errorf("%s: a part without a counter-account: %v", what, r)
			}
			if _, there := parts[place]; !there {
				got[i] = append(got[i], place)
			}
			parts[place] = parts[place].Add(amount)
		}
		for n, place := range got[i] {
			got[i][n] = place + " " + asset.Format(parts[place])
		}
		if !slices.Equal(got[i], want) {
			t.Errorf("%s: the %s has\n%v\nwant\n%v", what, form, got[i], want)
		}
	}
}

// counted wants the parts of a posting to add up to it.
func counted(t *testing.T, cell string, amount money.Amount) {
	t.Helper()
	parts := map[string]string{}
	if err := json.Unmarshal([]byte(cell), &parts); err != nil {
		t.Error(err)
	}
	var sum money.Amount
	for _, p := range parts {
		sum = sum.Add(money.MustParse(p))
	}
	if !sum.Equal(amount) {
		t.Errorf("%s adds up to %s, not %s", cell, sum, amount)
	}
}

// TestJournalsOfStatements: both programs accept the statement of every account as a journal, by itself
// and from a day on, and make of it what the account stands at.
func TestJournalsOfStatements(t *testing.T) {
	t.Parallel()
	path := tool(t, "hledger")
	pedantic, _ := exec.LookPath("ledger")
	for name, w := range worlds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := touched(w)
			for i, of := range list[:min(len(list), 24)] { // each starts two programs
				o := moments(w, of[0], of[1])[i%4]
				o.Format, o.What = export.FormatHledger, []export.What{export.Statement, export.Card}[i%2]
				text := whole(t, w, o)
				f := file(t, text)
				if out, err := run(t, path, checks[0].args(f)...); err != nil {
					t.Fatalf("%v %v: %v\n%s\n%.3000s", of, o, err, out, text)
				}
				if pedantic != "" {
					if out, err := run(t, pedantic, checks[1].args(f)...); err != nil {
						t.Fatalf("ledger: %v: %v\n%s\n%.3000s", of, err, out, text)
					}
				}
				out, err := run(t, path, "-f", f, "bal", "--flat", "-N", "-E", "--layout=bare", "-O", "csv", "^[a-z]+:"+of[0]+"$")
				if err != nil {
					t.Fatal(err, out)
				}
				rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
				if err != nil {
					t.Fatal(err)
				}
				sum := money.Zero
				if len(rows) > 1 {
					sum = money.MustParse(strings.TrimSuffix(rows[1][2], ".0"))
				}
				kind, _ := book.LookupType(strings.Split(of[0], ":")[0])
				if !kind.Class.DebitNormal() {
					sum = sum.Neg()
				}
				asset, _ := money.LookupAsset(of[1])
				if want := total(w, of[0], of[1], o.To, o.KnownUS); asset.Format(sum) != want {
					t.Errorf("%v: hledger has %s, the account %s\n%.3000s", of, sum, want, text)
				}
			}
		})
	}
}

// TestSheetsAreThoseOfAWalk: turnovers by all that a line can stand for, trial balance and general
// ledger add up to what walking all records does, in every asset, at every moment.
func TestSheetsAreThoseOfAWalk(t *testing.T) {
	t.Parallel()
	for name, w := range worlds() {
		for i, o := range moments(w, "", "") {
			o.Asset = ""
			what := fmt.Sprintf("%s: %d", name, i)
			want := map[string][6]money.Amount{} // by type and asset
			for _, turn := range (memory{w}).turnover(o.KnownUS, nil, o.From, o.To) {
				key := turn.Name.Type + " " + turn.Asset
				s, net := want[key], func(s store.Sums) money.Amount { return s.Debit.Sub(s.Credit) }
				s[0], s[1], s[2] = s[0].Add(net(turn.Opening)), s[1].Add(turn.Closing.Debit).Sub(turn.Opening.Debit), s[2].Add(turn.Closing.Credit).Sub(turn.Opening.Credit)
				s[3], s[4], s[5] = s[3].Add(net(turn.Closing)), s[4].Add(turn.Closing.Debit), s[5].Add(turn.Closing.Credit)
				want[key] = s
			}
			maps.DeleteFunc(want, func(_ string, s [6]money.Amount) bool { return s[0].IsZero() && s[1].IsZero() && s[2].IsZero() })
			for _, by := range []ledger.SheetBy{"", ledger.SheetByType, ledger.SheetByOwner, ledger.SheetByAccount} {
				o.What, o.By = export.Turnovers, by
				got := map[string][6]money.Amount{}
				for _, r := range readCSV(t, whole(t, w, o)) {
					key := r["type"] + " " + r["asset"]
					s, n := got[key], func(name string) money.Amount { return money.MustParse(r[name]) }
					s[0], s[1], s[2] = s[0].Add(n("opening_debit")).Sub(n("opening_credit")), s[1].Add(n("debit")), s[2].Add(n("credit"))
					s[3] = s[3].Add(n("closing_debit")).Sub(n("closing_credit"))
					got[key] = s
				}
				for key, s := range want {
					if g := got[key]; !slices.EqualFunc(g[:4], s[:4], money.Amount.Equal) {
						t.Errorf("%s by %s: %s has %v, want %v", what, by, key, g[:4], s[:4])
					}
				}
				if len(got) != len(want) {
					t.Errorf("%s by %s: %d lines, want %d", what, by, len(got), len(want))
				}
			}
			o.What, o.By, o.From = export.TrialBalance, "", ""
			for _, r := range readCSV(t, whole(t, w, o)) {
				s, n := want[r["type"]+" "+r["asset"]], func(name string) money.Amount { return money.MustParse(r[name]) }
				if !n("debit").Equal(s[4]) || !n("credit").Equal(s[5]) || !n("debit_balance").Sub(n("credit_balance")).Equal(s[3]) {
					t.Errorf("%s: the trial balance has %v, want %v", what, r, s)
				}
			}
		}
		checkGeneral(t, name, w)
	}
}

// checkGeneral wants the months of the general ledger to lead from nothing to what accounts stand at.
func checkGeneral(t *testing.T, name string, w *audittest.World) {
	t.Helper()
	stands, opened := map[string]money.Amount{}, map[string]bool{}
	for _, r := range readCSV(t, whole(t, w, export.Options{What: export.GeneralLedger, Book: "main", Format: export.FormatCSV})) {
		key := r["type"] + " " + r["asset"]
		sum := money.Zero
		if r["debit"] != "" {
			sum = sum.Add(money.MustParse(r["debit"]))
		}
		if r["credit"] != "" {
			sum = sum.Sub(money.MustParse(r["credit"]))
		}
		switch r["line"] {
		case "opening":
			if opened[key] && !stands[key].Equal(sum) || !opened[key] && !sum.IsZero() {
				t.Errorf("%s: %s opens %s with %s, and stood at %s", name, key, r["month"], sum, stands[key])
			}
			opened[key] = true
		case "turnover":
			stands[key] = stands[key].Add(sum)
		case "closing":
			if !stands[key].Equal(sum) {
				t.Errorf("%s: %s closes %s with %s, not %s", name, key, r["month"], sum, stands[key])
			}
		default:
			t.Errorf("%s: %v", name, r)
		}
	}
	want := map[string]money.Amount{}
	for _, turn := range (memory{w}).turnover(0, nil, "", "") {
		want[turn.Name.Type+" "+turn.Asset] = want[turn.Name.Type+" "+turn.Asset].Add(turn.Closing.Debit).Sub(turn.Closing.Credit)
	}
	for key, sum := range want {
		if !stands[key].Equal(sum) {
			t.Errorf("%s: %s ends with %s, and stands at %s", name, key, stands[key], sum)
		}
	}
}

// TestEntriesKnownThen: what was recorded after a moment is in no export of it.
func TestEntriesKnownThen(t *testing.T) {
	t.Parallel()
	w := audittest.Random(7, 4, 400)
	o := moments(w, "", "")[3]
	o.What, o.Asset = export.Entries, ""
	got := sumCSV(t, readCSV(t, whole(t, w, o)))
	want := map[string]string{}
	for of, turn := range (memory{w}).turnover(o.KnownUS, nil, "", "") {
		if sum := turn.Closing.Debit.Sub(turn.Closing.Credit); !sum.IsZero() {
			want[of[0]+" "+of[1]] = sum.String()
		}
	}
	if !maps.Equal(got, want) || len(got) == 0 {
		t.Errorf("%v\nwant\n%v", got, want)
	}
}

// TestUnclearQuestionsAreRefused: by the name of the field, before anything is read.
func TestUnclearQuestionsAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o     export.Options
		field string
		code  fault.Code
	}{
		{export.Options{What: "gold", Format: "csv"}, "what", fault.Malformed},
		{export.Options{Format: "xml"}, "format", fault.Malformed},
		{export.Options{What: export.TrialBalance, Format: "hledger"}, "format", fault.Malformed},
		{export.Options{What: export.Turnovers, Format: "ledger"}, "format", fault.Malformed},
		{export.Options{What: export.GeneralLedger, Format: "hledger"}, "format", fault.Malformed},
		{export.Options{What: export.Statement, Format: "csv"}, "account", fault.Malformed},
		{export.Options{What: export.Card, Format: "csv", Account: "gold:mine"}, "account", fault.AccountInvalid},
		{export.Options{What: export.Card, Format: "csv", Account: "wallet:a:transit"}, "account", fault.AccountInvalid},
		{export.Options{What: export.Card, Format: "csv", Account: "wallet:a", Asset: "XYZ"}, "asset", fault.AssetUnknown},
		{export.Options{What: export.Turnovers, Format: "csv", Account: "wallet:a"}, "account", fault.Malformed},
		{export.Options{What: export.Turnovers, Format: "csv", By: "colour"}, "by", fault.Malformed},
		{export.Options{What: export.TrialBalance, Format: "csv", From: "2026-03-01"}, "from", fault.Malformed},
		{export.Options{What: export.GeneralLedger, Format: "csv", KnownUS: 1}, "known_at", fault.Malformed},
		{export.Options{What: export.GeneralLedger, Format: "csv", From: "2026-03-02"}, "from", fault.Malformed},
		{export.Options{What: export.GeneralLedger, Format: "csv", To: "2026-03-30"}, "to", fault.Malformed},
		{export.Options{What: export.GeneralLedger, Format: "csv", Type: "gold"}, "type", fault.AccountInvalid},
		{export.Options{Format: "csv", Type: "wallet"}, "type", fault.Malformed},
		{export.Options{Format: "csv", Code1C: "51"}, "code_1c", fault.Malformed},
		{export.Options{Format: "csv", Asset: "RUB"}, "asset", fault.Malformed},
		{export.Options{Format: "csv", From: "2026-02-30"}, "from", fault.Malformed},
		{export.Options{Format: "csv", From: "2026-03-02", To: "2026-03-01"}, "to", fault.Malformed},
	} {
		var out bytes.Buffer
		_, err := export.Write(t.Context(), memory{audittest.Small()}, c.o, &out)
		var r *fault.Refusal
		if !errors.As(err, &r) || r.Field != c.field || r.Code != c.code || out.Len() > 0 {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
	o := export.Options{What: export.GeneralLedger, Book: "main", Format: export.FormatCSV, From: "2000-01-01", To: "2026-03-31"}
	var r *fault.Refusal
	if _, err := export.Write(t.Context(), memory{audittest.Small()}, o, &bytes.Buffer{}); !errors.As(err, &r) || r.Field != "from" {
		t.Errorf("26 years: %v", err)
	}
}

// TestAFileThatDoesNotLeadToTheBalanceIsRefused: a posting that is missing behind the read of the
// balance ends the export with an error and without its last line.
func TestAFileThatDoesNotLeadToTheBalanceIsRefused(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	o := export.Options{What: export.Statement, Book: "main", Account: "bank:settlement", Format: export.FormatCSV}
	_, err := export.Write(t.Context(), lossy{memory{audittest.Small()}}, o, &out)
	if err == nil || !strings.Contains(err.Error(), "the postings lead to") || strings.Contains(out.String(), "closing") {
		t.Errorf("%v: %s", err, out.String())
	}
}
