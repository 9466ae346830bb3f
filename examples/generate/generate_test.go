package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/adapters/onec"
	"github.com/provodka/provodka/adapters/registercsv"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/engine/flow/tax"
	"github.com/provodka/provodka/examples/play"
	"github.com/provodka/provodka/ledger/money"
)

func TestCommittedFilesAreWhatIsGenerated(t *testing.T) {
	t.Parallel()
	all, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range all {
		got, err := os.ReadFile(filepath.Join("..", "payroll", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("examples/payroll/%s is stale: go run ./examples/generate", name)
		}
	}
}

func TestFilesAreReadableOnEveryDay(t *testing.T) {
	t.Parallel()
	for day, want := range playedDays {
		t.Run(day, func(t *testing.T) {
			t.Parallel()
			dir := rendered(t, day)
			for _, f := range []string{play.Statement, play.Register, play.Description, play.People, play.BankScript, play.TrialBalance, play.Persons} {
				text, err := os.ReadFile(filepath.Join(dir, f))
				if left := regexp.MustCompile(`\{[a-z-]+\}`).FindAll(text, -1); err != nil || slices.ContainsFunc(left, unknownWord) {
					t.Errorf("%s: %v, %s", f, err, left)
				}
			}
			readableOn(t, dir, day, want)
		})
	}
}

// unknownWord says that a word in braces is none of the player's own.
func unknownWord(word []byte) bool { return string(word) != "{company}" }

// playedDays are days of the play, and the month whose taxes are remitted then.
var playedDays = map[string]string{
	"2026-11-23": "2026-10", "2026-12-31": "2026-11", "2027-01-01": "2026-11", "2027-01-13": "2026-12", "2027-03-12": "2027-01", "2027-03-13": "2027-02",
	"2028-02-29": "2028-01", "2028-03-01": "2028-01", "2031-05-31": "2031-04", "2032-10-22": "2032-09", "2033-10-23": "2033-09",
}

// rendered writes the play of a day, with what comes out in 2026 in the place of years that nobody knows.
func rendered(t *testing.T, day string) string {
	t.Helper()
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "play")
	if err := os.CopyFS(from, os.DirFS(filepath.Join("..", "payroll"))); err != nil {
		t.Fatal(err)
	}
	on, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	if err := play.Render(from, to, on); (err == nil) != (borders[on.Year()] != 0) {
		t.Errorf("a year is played when its border is known: %v", err)
	}
	if year := filepath.Join(from, day[:4]); borders[on.Year()] == 0 {
		if err := errors.Join(os.Rename(filepath.Join(from, "2026"), year), play.Render(from, to, on)); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// readableOn looks at what the server will: no day is ahead, contracts end today or later, the taxes
// are those of a month that the tax service has told, and fall due by its table.
func readableOn(t *testing.T, dir, day, month string) {
	t.Helper()
	file := func(name string) []byte {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	st, refusal := onec.Read(file(play.Statement))
	if refusal != nil || len(st.Documents) != 6 || st.From.AddDate(0, 0, 1).Format(time.DateOnly) != day || st.From != st.To || st.Documents[0].Date != st.From {
		t.Fatalf("statement: %v, %v to %v", refusal, st.From, st.To)
	}
	reg, refusal := registercsv.Read(file(play.Register))
	if refusal != nil || len(reg.Lines) != len(tasks(people()))+1 || len(reg.Refused) != 5 {
		t.Fatalf("register: %v, %d lines, %d refused", refusal, len(reg.Lines), len(reg.Refused))
	}
	years := map[string]int{}
	for _, l := range reg.Lines {
		until, paper := l.PeriodTo.Format(time.DateOnly), l.DocumentDate.Format(time.DateOnly)
		if !l.PeriodTo.IsZero() {
			years[until[:4]]++
		}
		if !l.PeriodTo.IsZero() && until < day || paper >= day {
			t.Errorf("%s: until %s, on paper of %s", l.Title, until, paper)
		}
	}
	if len(years) != 2 || years[day[:4]] != 3 {
		t.Errorf("contracts end in %v", years)
	}
	p, err := play.Load(dir)
	if err != nil || p.Day != day || p.Taxes.Month != month {
		t.Fatalf("%v: played on %s, with the taxes of %s, not of %s", err, p.Day, p.Taxes.Month, month)
	}
	for _, o := range p.Taxes.Opening {
		if _, err := time.Parse(time.DateOnly, o.Day); err != nil || o.Day[:7] != month {
			t.Errorf("%s is of %s: %v", o.Account, o.Day, err)
		}
	}
	for _, o := range p.Taxes.Orders {
		if period, refusal := remittance.ParsePeriod("period", o.Period); o.Period != "" && (refusal != nil || period.To >= day) {
			t.Errorf("%s: %v, until %s", o.Period, refusal, period.To)
		}
	}
	npd, refusal := remittance.PeriodsOf(remittance.NPD, month)
	if refusal != nil {
		t.Fatal(refusal)
	}
	first, err := time.Parse("2006-01", month)
	if err != nil {
		t.Fatal(err)
	}
	next := first.AddDate(0, 1, 0).Format("2006-01-")
	if told := fmt.Sprint(next, remittance.ToldDay); day <= told {
		t.Errorf("the tax service tells the NPD of %s after %s", month, told)
	}
	var known []sandbox.Person
	if err := json.Unmarshal(file(play.People), &known); err != nil {
		t.Fatal(err)
	}
	documents := 0
	for _, x := range known {
		for _, d := range x.Documents {
			if documents++; d.DueDate < next+"01" || d.DueDate > npd[0].Due {
				t.Errorf("a document falls due on %s, and the month %s on %s", d.DueDate, month, npd[0].Due)
			}
		}
	}
	if documents != 3 {
		t.Errorf("%d documents", documents)
	}
}

// TestTheYearsOfThePlayAreThoseOfTheTables: the engine has a border for each year of the second opinion, and
// the last year of both is one. (That a year without one is near the doctor says.)
func TestTheYearsOfThePlayAreThoseOfTheTables(t *testing.T) {
	t.Parallel()
	for _, r := range tax.Last() {
		if r.Name == "contributions-civil_contract" && r.To != fmt.Sprint(slices.Max(slices.Collect(maps.Keys(borders))), "-12-31") {
			t.Errorf("the engine's last row ends on %s: examples/generate/price.go has other borders; then go run ./examples/generate", r.To)
		}
	}
	for year := range borders {
		for _, day := range []string{"-01-01", "-12-31"} {
			terms := tax.Terms{Kind: tax.CivilContract, Status: tax.Resident, Day: fmt.Sprint(year, day)}
			if _, err := terms.FromGross(money.MustParse("1.00")); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestTheDocumentsExamples(t *testing.T) {
	t.Parallel()
	list := tasks(people())
	bonus := list[0].price(newYear(borders[2026], "10000"))
	after := &year{big.NewRat(2_300_000, 1), big.NewRat(299_000, 1), big.NewRat(690_000, 1), new(big.Rat), borders[2026]}
	climber := task{Person: person{Kind: civil}, Amount: big.NewRat(300_000, 1)}.price(after)
	gross, net := list[0].price(newYear(borders[2026], "")), list[3].price(newYear(borders[2026], ""))
	for what, pair := range map[string][2]*big.Rat{
		"100 with a bonus pays": {bonus.payout, big.NewRat(96, 1)},
		"300,000 on 2,300,000":  {climber.tax, big.NewRat(43_000, 1)},
		"and its contributions": {climber.contributions, big.NewRat(90_000, 1)},
		"100 gross pays":        {gross.payout, big.NewRat(94, 1)},
		"100 gross taxes":       {gross.tax, big.NewRat(6, 1)},
		"100 net costs":         {net.gross, big.NewRat(10638, 100)},
		"100 net taxes":         {net.tax, big.NewRat(638, 100)},
		"1000 net of NDFL":      {grossOf(big.NewRat(1000, 1), big.NewRat(13, 100), 0), big.NewRat(1149, 1)},
	} {
		if pair[0].Cmp(pair[1]) != 0 {
			t.Errorf("%s %s, want %s", what, pair[0].FloatString(2), pair[1].FloatString(2))
		}
	}
}
