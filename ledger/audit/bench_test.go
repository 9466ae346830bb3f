package audit_test

import (
	"fmt"
	"testing"

	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/audit/audittest"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// BenchmarkReplay audits two-leg entries over a thousand wallets; the goal is 200,000
// legs a second on one core.
func BenchmarkReplay(b *testing.B) {
	w := audittest.New()
	for i := range 2000 {
		batch := make([]*commandv1.Operation, 10)
		for j := range batch {
			wallet := fmt.Sprintf("wallet:company-%d", (i*10+j)%1000)
			batch[j] = audittest.Post("topup", "", audittest.Leg('D', "bank:settlement", "RUB", "123.45"), audittest.Leg('C', wallet, "RUB", "123.45"))
		}
		w.Do(0, batch...)
	}
	events := w.Events(0)
	for _, with := range []struct {
		name     string
		snapshot *audit.Snapshot
	}{{"events", nil}, {"against a database", snapshotOf(b, w)}} {
		b.Run(with.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a := audit.New(audit.Options{Snapshot: with.snapshot})
				for _, e := range events {
					if err := a.Add(0, e); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(2*len(events)*b.N)/b.Elapsed().Seconds(), "legs/s") // float: a rate
		})
	}
}
