package task

import (
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// TestDated: a task is found by the day of its payment where the books are, from its payment until that is taken
// back; one of which nobody knows the day is found under none that there is.
func TestDated(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 3*3600)
	places := []string{"", "company:c", "executor:e"}
	for _, tc := range []struct {
		from, to, paid string
		want           flow.Dated
		ok             bool
	}{
		{Paying, Paid, "2026-10-31T21:00:00Z", flow.Dated{Day: "2026-11-01", Amount: money.MustParse("100.01"), Places: places}, true},
		{Paying, Paid, "2026-10-31T20:59:59Z", flow.Dated{Day: "2026-10-31", Amount: money.MustParse("100.01"), Places: places}, true},
		{Paying, Paid, "", flow.Dated{Day: Undated, Amount: money.MustParse("100.01"), Places: places}, true},
		{Paid, Error, "", flow.Dated{}, true},
		{Paid, Paid, "2026-10-31T20:59:59Z", flow.Dated{}, false},
		{Completed, Paying, "", flow.Dated{}, false},
	} {
		data, err := proto.Marshal(&flowv1.TaskData{CompanyId: "c", ExecutorId: "e", PaidAt: tc.paid, Sum: &flowv1.TaskSum{Gross: "100.01"}})
		if err != nil {
			t.Fatal(err)
		}
		got, ok := New().Dated(&journalv1.Move{Flow: Name, From: tc.from, To: tc.to, Data: data}, zone)
		if ok != tc.ok || got.Day != tc.want.Day || !reflect.DeepEqual(got.Places, tc.want.Places) || got.Amount.Cmp(tc.want.Amount) != 0 {
			t.Errorf("%s to %s: %+v %t, want %+v %t", tc.from, tc.to, got, ok, tc.want, tc.ok)
		}
	}
}
