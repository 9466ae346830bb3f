package incoming

import (
	"fmt"
	"strconv"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// farAway is a bank that changes its word about three returns: rows that need a
// return of two lines' worth.
const farAway = `
line unmatched 100.00
return letter-1
answer return_money refused payout_refused
return letter-2
answer return_money#1 done
answer return_money done
explain_loss letter-3
answer return_money#1 refused payout_refused
answer return_money#2 refused payout_refused
return letter-4
answer return_money refused payout_refused
answer return_money#1 done
answer return_money#3 done
answer return_money#3 refused payout_refused
`

// thrice waits for a third return while two older ones go out.
const thrice = `
line unmatched 100.00
return letter-1
answer return_money refused payout_refused
return letter-2
answer return_money refused payout_refused
return letter-3
answer return_money#1 done
answer return_money#2 done
answer return_money refused payout_refused
`

var kinds = map[string]flowv1.LineKind{
	"topup": topup, "deposit": deposit, "unmatched": unmatched, "own_transfer": ownTransfer,
	"known_debit": knownDebit, "returned_payout": cameBack, "bank_fee": bankFee, "unknown": unknown,
}

func script() flowtest.Script {
	s := spec(line(topup, false))
	s.Law = law
	return flowtest.Script{Spec: s, Command: command, Show: show}
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	flowtest.Scenarios(t, script())
}

// command reads: line KIND SUM [debit], change SUM AFTER, assign|assign_deposit|charge COMPANY REASON,
// or an event with a REASON.
func command(_ *flowtest.World, words []string) (flow.Command, error) {
	if len(words) < 2 {
		return flow.Command{}, fmt.Errorf("%q needs more words", words[0])
	}
	c := flow.Command{Event: words[0], Actor: "finance"}
	var m proto.Message = &flowv1.IncomingExplain{Reason: words[1]}
	switch words[0] {
	case "line":
		if len(words) < 3 {
			return c, fmt.Errorf("line KIND SUM [debit]")
		}
		kind := kinds[words[1]]
		b := line(kind, kind == knownDebit || kind == bankFee || kind == unknown || len(words) > 3)
		b.Amount = words[2]
		if kind == unmatched {
			b.Suggestions = []*flowv1.Suggestion{{CompanyId: "c1", Rules: []string{"inn"}, Weight: 20}}
		}
		c.Event, m = Register, b
	case Change:
		after, err := strconv.ParseUint(words[2], 10, 32)
		if err != nil {
			return c, err
		}
		m = &flowv1.IncomingChange{Amount: words[1], Content: "c" + words[2], StatementId: "s2", After: uint32(after)}
	case AssignReturned:
		m = &flowv1.IncomingReturned{Attempt: attempt, Reason: words[1]}
	case AssignTax:
		tax := &flowv1.IncomingTax{RemittanceId: "ndfl-2026-11-1", Reason: words[1]}
		if len(words) > 2 {
			tax.Amount = words[2]
		}
		m = tax
	case Assign, AssignDeposit, Charge:
		if len(words) < 3 {
			return c, fmt.Errorf("%s COMPANY REASON", words[0])
		}
		m = &flowv1.IncomingAssign{CompanyId: words[1], Reason: words[2]}
	}
	c.Body = flow.Bytes(m)
	return c, nil
}

// show tells what finance asks about a line.
func show(data []byte) []string {
	d := flow.ReadData(flow.View{Data: data}, &flowv1.IncomingData{})
	lines := []string{fmt.Sprintf("%s of %s on %s, company %q, reason %q", d.Kind, d.Amount, d.Day, d.CompanyId, d.Reason)}
	if d.RefusedCode != "" {
		lines = append(lines, "refused "+d.RefusedCode)
	}
	for _, s := range d.Suggestions {
		lines = append(lines, fmt.Sprintf("suggests %s by %v", s.CompanyId, s.Rules))
	}
	return lines
}
