package flowtest

import (
	"strings"
	"testing"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// A small flow with one flaw at a time: Explore must find each.
const gift = `## States

| From | On | To | Books | Asks | Says | Meaning |
|---|---|---|---|---|---|---|
| new | give | giving | take | send | gift.giving | set aside and sent |
| giving | unknown | giving | — | again | — | ask |
| giving | sent | given | book | — | gift.given | it went |
| giving | refused | failed | back | — | gift.failed | it comes back |
| failed | retry | giving | take | send | gift.giving | once more |
| giving | late | giving | — | — | — | about an older attempt |
| given | sent | given | — | — | — | nothing new |
| given | unknown | given | — | — | — | nothing new |
| given | refused | given | — | — | — | noted |
| failed | sent | failed | — | — | — | noted |
| failed | unknown | failed | — | — | — | nothing new |
| failed | refused | failed | — | — | — | nothing new |

## Entries

| Recipe | Debit | Credit | Amount | When | Meaning |
|---|---|---|---|---|---|
| take | wallet:{giver} | reserve:{gift} | sum | — | set aside |
| book | reserve:{gift} | bank:settlement | sum | — | it left |
| back | reserve:{gift} | wallet:{giver} | sum | — | it comes back |

## Recipes

| Recipe | Russian |
|---|---|
| take | Отложено |
| book | Подарено |
| back | Возвращено |

## Asks

| Ask | Port | Verb | Repeats | Done | Refused | Unknown | Meaning |
|---|---|---|---|---|---|---|---|
| send | payout | pay | — | sent | refused | unknown | send it |
| again | payout | pay | send | sent | refused | unknown | ask |

## Timers

| State | After | Event | Meaning |
|---|---|---|---|

## Names

| State | Russian | Waits for | Meaning |
|---|---|---|---|
| giving | Дарится | world | sent |
| given | Подарен | — | over |
| failed | Не вышло | company | try again |

## Holding

| Account | Meaning |
|---|---|
| reserve:{gift} | set aside |
`

func giftSpec(t *testing.T, doc string, mayRetry bool) Spec {
	t.Helper()
	f, err := flow.Parse("gift", "gift.md", doc, func(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
		if c.Event == "retry" && !mayRetry {
			return flow.Decision{}, flow.WrongState(v, c)
		}
		d := flow.Decision{
			On: c.Event, Data: []byte("x"), Owners: map[string]string{"giver": "g", "gift": v.ID},
			Amounts: map[string]money.Amount{"sum": money.MustParse("5.00")}, Asks: map[string][]byte{"send": {}},
		}
		if v.State == "giving" && c.Number < v.Attempts["send"] && c.Answer != nil {
			d.On = "late"
		}
		return d, nil
	}, flow.Words{
		States: []string{"giving", "given", "failed"}, Events: []string{"give", "unknown", "sent", "refused", "retry", "late"},
		Recipes: []string{"take", "book", "back"}, Asks: []string{"send", "again"}, Amounts: []string{"sum"}, Owners: []string{"giver", "gift"},
	})
	if err != nil {
		t.Fatal(err)
	}
	act := func(event string) Act { return Act{Name: event, Command: flow.Command{Event: event}} }
	return Spec{
		Flow: f, ID: "g1", Owners: map[string]string{"giver": "g", "gift": "g1"}, Day: "2026-03-02",
		Acts: []Act{act("give"), act("retry")}, Once: []string{"send"}, Attempts: 2,
	}
}

func TestExploreFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	if _, _, err := explore(giftSpec(t, gift, true)); err != nil {
		t.Fatalf("the sound flow: %v", err)
	}
	for name, tc := range map[string]struct {
		from, to string
		flips    int
		want     string
	}{
		"money left":    {"| giving | sent | given | book | — |", "| giving | sent | given | take, book | — |", 0, "leaves -5.00 in reserve:g1"},
		"nobody acts":   {"", "", 0, "nobody can act in failed"},
		"blind answer":  {"| given | unknown | given | — | — | — | nothing new |\n", "", 0, "the world cannot be refused"},
		"left open":     {"| giving | unknown | giving | — | again |", "| giving | unknown | given | book | again |", 0, "send 1 is open"},
		"sent twice":    {"| giving | unknown | giving | — | again |", "| giving | unknown | giving | — | send, again |", 0, "is opened while attempt 1 is unknown"},
		"paid in doubt": {"", "", 1, "is opened while attempt 1 is done"},
	} {
		s := giftSpec(t, strings.Replace(gift, tc.from, tc.to, 1), name != "nobody acts")
		s.Flips = tc.flips
		if _, _, err := explore(s); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}

func TestWorldsAnswerNamesTheAttempt(t *testing.T) {
	t.Parallel()
	s := giftSpec(t, gift, true)
	w := NewWorld(&s)
	if _, refusal, err := w.Do(s.Acts[0]); refusal != nil || err != nil {
		t.Fatal(refusal, err)
	}
	a := w.answer(0, port.Done, "")
	if a.Command.Number != 1 || a.Command.Event != "sent" || a.Command.Answer.Result != port.Done || w.Tries[0].Last != port.Done {
		t.Errorf("got %+v", a)
	}
}
