package world

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// receiptBooks is a book of tasks whose receipts are asked about again: task t7 is of executor e7 % 10.
type receiptBooks struct {
	mu           sync.Mutex
	inside, most int      // reads on their way, and the most of them
	asked        []string // INN that the service was asked about
}

func (r *receiptBooks) read() {
	r.mu.Lock()
	r.inside++
	r.most = max(r.most, r.inside)
	r.mu.Unlock()
	time.Sleep(3 * time.Millisecond) // sleep: of the bubble
	r.mu.Lock()
	r.inside--
	r.mu.Unlock()
}

func (r *receiptBooks) Person(_ context.Context, _, executor string) (string, string, bool, error) {
	r.read()
	n, err := strconv.ParseUint(strings.TrimPrefix(executor, "e"), 10, 64)
	return requisite.ExamplePersonINN(n), "", err == nil, nil
}

func (r *receiptBooks) Aggregate(_ context.Context, _, _, id string) (string, []byte, bool, error) {
	r.read()
	if id == "t0" {
		return "", nil, false, nil
	}
	return task.Paid, flow.Bytes(&flowv1.TaskData{Incomes: []*flowv1.IncomeAttempt{{Number: 1, ReceiptId: "r" + id}}}), true, nil
}

// Receipts has a receipt of each task, but those of t1 and t2: one is annulled, one is nowhere.
func (r *receiptBooks) Receipts(_ context.Context, inn string, from, to time.Time) (map[string]port.ReceiptState, port.Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, inn)
	if to.Sub(from) > 48*time.Hour {
		return nil, port.Unclear("a longer time than there are receipts of")
	}
	states := map[string]port.ReceiptState{}
	for i := range 60 {
		states[fmt.Sprintf("rt%d", i)] = port.ReceiptState{Tax: "6.00"}
	}
	states["rt1"] = port.ReceiptState{Annulled: "2026-03-03"}
	delete(states, "rt2")
	if inn == requisite.ExamplePersonINN(3) {
		return nil, port.Answer{Result: port.Refused, Status: "PERMISSION_NOT_GRANTED"}
	}
	return states, port.Answer{Result: port.Done}
}

// Receipts are asked about in one question for each person, what is needed for that is read up
// side by side, and each ask gets its own answer.
func TestReceiptsAreConfirmedTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &receiptBooks{}
		asks := make([]port.Ask, 60)
		for i := range asks {
			id := fmt.Sprintf("t%d", i)
			asks[i] = port.Ask{
				Attempt: flow.Attempt("main", task.Name, id, task.RegisterIncome, 1), Verb: verbRegister,
				Body: flow.Bytes(&flowv1.IncomeAsk{Book: "main", ExecutorId: fmt.Sprintf("e%d", i%10), Task: id, PaidAt: fmt.Sprintf("2026-03-02T%02d:00:00Z", i%24)}),
			}
		}
		asks[4].Body = []byte("\xff")
		answers := (&receiptsAgain{r, r}).confirm(t.Context(), asks)
		for i, a := range answers {
			want := port.Done
			switch {
			case i == 0:
				want = port.Unknown
			case i == 1:
				want = port.Refused
			case i == 2 || i == 4 || i%10 == 3:
				want = port.NotFound
			}
			if a.Result != want || want == port.Done && (a.ReceiptID != fmt.Sprintf("rt%d", i) || a.Tax != "6.00") {
				t.Errorf("t%d: %+v, want %s", i, a, want)
			}
		}
		if len(r.asked) != 10 || r.most < 30 {
			t.Errorf("%d people were asked about, %d reads side by side", len(r.asked), r.most)
		}
	})
}
