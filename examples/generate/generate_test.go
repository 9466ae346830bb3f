package main

import (
	"bytes"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/provodka/provodka/adapters/onec"
	"github.com/provodka/provodka/adapters/registercsv"
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

func TestFilesAreReadable(t *testing.T) {
	t.Parallel()
	all, err := files()
	if err != nil {
		t.Fatal(err)
	}
	st, refusal := onec.Read(all["statement.txt"])
	if refusal != nil || len(st.Documents) != 6 {
		t.Fatalf("statement: %v", refusal)
	}
	reg, refusal := registercsv.Read(all["register.csv"])
	if refusal != nil || len(reg.Lines) != len(tasks(people()))+1 || len(reg.Refused) != 5 {
		t.Fatalf("register: %v, %d lines, %d refused", refusal, len(reg.Lines), len(reg.Refused))
	}
}

func TestTheDocumentsExamples(t *testing.T) {
	t.Parallel()
	list := tasks(people())
	bonus := list[0].price(newYear("10000"))
	after := &year{big.NewRat(2_300_000, 1), big.NewRat(299_000, 1), big.NewRat(690_000, 1), new(big.Rat)}
	climber := task{Person: person{Kind: civil}, Amount: big.NewRat(300_000, 1)}.price(after)
	gross, net := list[0].price(newYear("")), list[3].price(newYear(""))
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
