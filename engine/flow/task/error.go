package task

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Codes of the Errors table that are not refusal codes of the house.
const (
	codePayoutLate     = "payout_late"
	codePayoutReturned = "payout_returned"
	codeReceiptLost    = "receipt_lost"
	codeReceiptKept    = "receipt_kept"
)

// nextPeriod stands in the column "Again after" of what is retried when a limit's next day
// or month begins.
const nextPeriod = "next"

// errorCodes is compared with the Errors table both ways at start.
var errorCodes = []string{
	string(fault.RequisitesMissing), string(fault.IdentityMissing), string(fault.RequisitesInvalid), string(fault.KindMismatch), string(fault.IncomeDenied),
	string(fault.IncomeCap), string(fault.TaxRuleMissing), string(fault.PayoutWay), string(fault.PayoutLimit), string(fault.PayoutLimitPeriod), string(fault.PayoutRefused), codePayoutLate, codePayoutReturned,
	codeReceiptLost, codeReceiptKept,
}

// Trouble is one row of the Errors table: why a payment stopped.
type Trouble struct {
	Code       string
	Russian    string          // shown in the list «Ошибки оплаты»
	RetryHelps bool            // once the cause is gone
	Again      []time.Duration // the pauses after which it is retried by itself
	Next       bool            // it is retried by itself when the limit's next day or month begins, as often as it takes
	Actor      string          // who has to act: "executor", "company", "support"
	Meaning    string
}

var troubles = mustParseTroubles(document)

func mustParseTroubles(text string) map[string]Trouble {
	parsed, err := parseTroubles(text)
	if err != nil {
		panic(err)
	}
	return parsed
}

func parseTroubles(text string) (map[string]Trouble, error) {
	tables, err := machine.ParseTables("engine/flow/task/task.md", text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Errors")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Code", "Russian", "Retry helps", "Again after", "Who acts", "Meaning"); err != nil {
		return nil, err
	}
	all := map[string]Trouble{}
	for _, r := range t.Rows {
		tr := Trouble{
			Code: r.Cell("Code"), Russian: r.Cell("Russian"), RetryHelps: r.Cell("Retry helps") == "yes",
			Actor: r.Cell("Who acts"), Meaning: r.Cell("Meaning"),
		}
		if _, twice := all[tr.Code]; twice || tr.Russian == "" || !slices.Contains([]string{"executor", "company", "support"}, tr.Actor) {
			return nil, r.Errorf("code %q stands twice, has no words or nobody to act", tr.Code)
		}
		for _, text := range r.List("Again after") {
			if text == nextPeriod && tr.RetryHelps && len(r.List("Again after")) == 1 {
				tr.Next = true
				break
			}
			pause, err := flow.Pause(text)
			if err != nil || !tr.RetryHelps {
				return nil, r.Errorf("again after %q: a pause of what a retry helps: %v", text, err)
			}
			tr.Again = append(tr.Again, pause)
		}
		all[tr.Code] = tr
	}
	return all, machine.Names("error code", slices.Sorted(maps.Keys(all)), errorCodes)
}

// Troubles lists the Errors table by code, for documentation pages.
func Troubles() []Trouble {
	var all []Trouble
	for _, code := range slices.Sorted(maps.Keys(troubles)) {
		all = append(all, troubles[code])
	}
	return all
}

// code is the answer's code when the Errors table has it, else the given one.
func (s *step) code(otherwise fault.Code) string {
	if _, ok := troubles[string(s.command.Answer.Code)]; ok {
		return string(s.command.Answer.Code)
	}
	return string(otherwise)
}

// fail writes why the payment stopped.
func (s *step) fail(code, status string) {
	t, ok := troubles[code]
	if !ok {
		panic(fmt.Sprintf("task %s: no error %q in the table", s.view.ID, code))
	}
	s.data.Phase = flowv1.TaskPhase_TASK_PHASE_UNSPECIFIED
	if s.data.Again.GetCode() != code {
		s.data.Again = nil
	}
	s.data.Error = &flowv1.TaskError{
		Code: t.Code, Words: t.Russian, RetryHelps: t.RetryHelps, Actor: t.Actor, Status: status, Day: s.view.Day, Limit: s.short,
	}
	if s.short != nil {
		s.data.Error.Words += " (" + limit.Words(s.short) + ")"
	}
	s.data.Changed = s.data.Changed && s.view.State == Paying
	s.data.Error.RetryAt = s.nextTry(t)
}
