package incoming

import (
	"fmt"
	"slices"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// step is one decision in the making.
type step struct {
	view    flow.View
	command flow.Command
	data    *flowv1.IncomingData
	on      string
	amounts map[string]money.Amount
	asks    map[string][]byte
}

// decide is the flow's Decide. It names the row, the amounts and the accounts.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	s := &step{
		view: v, command: c, data: flow.ReadData(v, &flowv1.IncomingData{}), on: c.Event,
		amounts: map[string]money.Amount{}, asks: map[string][]byte{},
	}
	if refusal := s.run(); refusal != nil {
		return flow.Decision{}, refusal
	}
	for _, name := range amounts {
		if _, ok := s.amounts[name]; !ok {
			s.amounts[name] = money.Zero
		}
	}
	d := flow.Decision{
		On: s.on, Data: flow.Bytes(s.data), Amounts: s.amounts, Asks: s.asks,
		Owners: map[string]string{
			"account": s.data.Account, "other": s.data.OtherAccount, "company": s.data.CompanyId, "line": v.ID,
		},
	}
	if v.State == machine.New {
		d.Day = s.data.Day // the bank's value date; what people and banks do later has its own day
	}
	return d, nil
}

// run sends the command to the method that knows it.
func (s *step) run() *fault.Refusal {
	switch s.command.Event {
	case Register:
		return s.register()
	case Change:
		return s.change()
	case Assign, AssignDeposit, AssignReturned, AssignTax, AssignKnown, Return, Recover, ExplainFee, ExplainLoss, ExplainKnown, Charge:
		return s.say()
	case overdue:
		return nil
	case told, tellRefused, tellUnknown:
		s.told()
		return nil
	case returnDone, returnRefused, returnUnknown:
		s.returned()
		return nil
	case returnedTold, returnedRefused, returnedUnknown:
		s.heard()
		return nil
	case refundTold, refundRefused, refundUnknown:
		s.counted()
		return nil
	}
	return flow.WrongState(s.view, s.command)
}

// say takes a person's word; what an earlier one ran into is history.
func (s *step) say() *fault.Refusal {
	s.data.RefusedCode, s.data.RefusedReason = "", ""
	switch s.command.Event {
	case Assign, AssignDeposit:
		return s.assign()
	case AssignReturned:
		return s.assignReturned()
	case AssignTax:
		return s.assignTax()
	}
	return s.explain()
}

// register takes a line over, or notes that it came again.
func (s *step) register() *fault.Refusal {
	var b flowv1.IncomingRegister
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	sum, refusal := check(&b)
	if refusal != nil {
		return refusal
	}
	if s.view.State != machine.New {
		if !sum.Equal(amount(s.data.Amount)) {
			return fault.Refuse(fault.AlreadyExists, "amount", "the line exists with the amount %s", s.data.Amount)
		}
		s.data.SeenAgainIn = b.StatementId
		return nil
	}
	s.data = &flowv1.IncomingData{
		Kind: b.Kind, Account: b.Account, Debit: b.Debit, Amount: text(sum), Day: b.Day, StatementId: b.StatementId,
		CompanyId: b.CompanyId, OtherAccount: b.OtherAccount, Rules: b.Rules, Suggestions: b.Suggestions, Attempt: b.Attempt,
	}
	s.amounts[amountSum] = sum
	switch b.Kind {
	case flowv1.LineKind_LINE_KIND_TOPUP:
		s.on = registerTopup
	case flowv1.LineKind_LINE_KIND_DEPOSIT:
		s.on = registerDeposit
		s.tell(sum)
	case flowv1.LineKind_LINE_KIND_UNMATCHED:
		s.data.Suspended = text(sum)
	case flowv1.LineKind_LINE_KIND_RETURNED_PAYOUT:
		s.on = registerReturned
		s.tellReturned()
	case flowv1.LineKind_LINE_KIND_OWN_TRANSFER:
		s.on = registerOwn
		s.amounts[amountOwnIn] = sum
		if b.Debit {
			s.amounts[amountOwnIn], s.amounts[amountOwnOut] = money.Zero, sum
		}
	case flowv1.LineKind_LINE_KIND_KNOWN_DEBIT:
		s.on = registerKnown
	case flowv1.LineKind_LINE_KIND_BANK_FEE:
		s.on = registerFee
	case flowv1.LineKind_LINE_KIND_UNKNOWN_DEBIT:
		s.on, s.data.Claimed = registerUnknown, text(sum)
	}
	return nil
}

// tell asks the company's aggregate to count a deposit.
func (s *step) tell(sum money.Amount) {
	line, number := s.view.ID, s.view.Attempts[tellDeposit]+1
	if number > 1 {
		line = fmt.Sprintf("%s.%d", line, number) // the same line may pledge again after it came back
	}
	s.data.Pledged = text(sum)
	s.asks[tellDeposit] = flow.Bytes(&flowv1.CompanyDeposit{
		Book: s.view.Book, CompanyId: s.data.CompanyId, LineId: line, Amount: text(sum),
	})
}

// assign gives what is in suspense to a company that a person named.
func (s *step) assign() *fault.Refusal {
	var b flowv1.IncomingAssign
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if s.view.State != Unmatched {
		return nil // the table has no row: wrong_state
	}
	if refusal := s.decided(b.CompanyId, b.Reason); refusal != nil {
		return refusal
	}
	sum := amount(s.data.Suspended)
	s.amounts[amountSum], s.data.Suspended = sum, ""
	kind := flowv1.LineKind_LINE_KIND_TOPUP
	if s.command.Event == AssignDeposit {
		kind = flowv1.LineKind_LINE_KIND_DEPOSIT
		s.tell(sum)
	}
	if s.data.ToldAmount == "" && sum.Equal(amount(s.data.Amount)) { // otherwise it is a part of what the line was
		s.data.Kind = kind
	}
	return nil
}

// assignReturned takes a person's word that a payment of ours came back.
func (s *step) assignReturned() *fault.Refusal {
	var b flowv1.IncomingReturned
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if s.view.State != Unmatched {
		return nil // the table has no row: wrong_state
	}
	if refusal := s.ours("attempt", b.Attempt, b.Reason); refusal != nil {
		return refusal
	}
	if s.data.Suspended != s.data.Amount {
		return s.forbid("only a part of the line is in suspense")
	}
	s.amounts[amountSum], s.data.Suspended = amount(s.data.Suspended), ""
	s.data.Kind = flowv1.LineKind_LINE_KIND_RETURNED_PAYOUT
	s.data.Attempt, s.data.Reason, s.data.Suggestions = b.Attempt, b.Reason, nil
	s.tellReturned()
	return nil
}

// ours says whether money in suspense can be our own that came back, as a person names it.
func (s *step) ours(field, id, reason string) *fault.Refusal {
	switch {
	case len(s.data.Returns) > 0:
		return s.forbid("a return of this money was tried: the money is somebody's")
	case s.data.ToldAmount != "":
		return s.forbid("the bank has changed the sum: what is in suspense is only a part of the line")
	}
	if refusal := flow.CheckID(field, id); refusal != nil {
		return refusal
	}
	return flow.CheckID("reason", reason)
}

// assignTax takes a person's word that the tax service has given back what an order had paid
// twice, with the whole line or a part of it. The order counts it before the line books it: two lines never give back one sum.
func (s *step) assignTax() *fault.Refusal {
	var b flowv1.IncomingTax
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if s.view.State != Unmatched {
		return nil // the table has no row: wrong_state
	}
	if refusal := s.ours("remittance_id", b.RemittanceId, b.Reason); refusal != nil {
		return refusal
	}
	part, open := amount(s.data.Suspended), amount(s.data.Suspended)
	if b.Amount != "" {
		var err error
		if part, err = money.RUB.Parse(b.Amount); err != nil || part.Sign() <= 0 || part.Cmp(open) > 0 {
			return fault.Refuse(fault.AmountInvalid, "amount", "%.64q is not a positive amount of rubles, at most the %s in suspense", b.Amount, text(open))
		}
	}
	s.data.RemittanceId, s.data.Reason, s.data.Suggestions = b.RemittanceId, b.Reason, nil
	s.data.Refunding = text(part)
	s.asks[tellRefund] = flow.Bytes(&flowv1.RemittanceRefund{
		Book: s.view.Book, Remittance: b.RemittanceId, Line: s.view.ID, Amount: s.data.Refunding,
	})
	return nil
}

// tellReturned asks the payment's flow to hear that it came back.
func (s *step) tellReturned() {
	s.asks[tellReturned] = flow.Bytes(&flowv1.PaymentReturned{Book: s.view.Book, Line: s.view.ID, Attempt: s.data.Attempt, Amount: s.data.Amount})
}

// decided keeps a person's decision: the company and the reason.
func (s *step) decided(company, reason string) *fault.Refusal {
	if refusal := flow.CheckID("company_id", company); refusal != nil {
		return refusal
	}
	if refusal := flow.CheckID("reason", reason); refusal != nil {
		return refusal
	}
	s.data.CompanyId, s.data.Reason, s.data.Suggestions = company, reason, nil
	return nil
}

// explain takes a person's word about money in suspense, or money that left.
func (s *step) explain() *fault.Refusal {
	var reason string
	switch s.command.Event {
	case Charge:
		var b flowv1.IncomingAssign
		if refusal := flow.ReadBody(s.command, &b); refusal != nil {
			return refusal
		}
		if refusal := flow.CheckID("company_id", b.CompanyId); refusal != nil {
			return refusal
		}
		reason = b.Reason
		if s.view.State == Unexplained {
			s.data.CompanyId = b.CompanyId
		}
	default:
		var b flowv1.IncomingExplain
		if refusal := flow.ReadBody(s.command, &b); refusal != nil {
			return refusal
		}
		reason = b.Reason
	}
	if refusal := flow.CheckID("reason", reason); refusal != nil {
		return refusal
	}
	s.data.Reason = reason
	out := slices.ContainsFunc(s.data.Returns, func(a *flowv1.ReturnAttempt) bool { return a.Result == resultDone })
	switch {
	case s.view.State == Unmatched && s.command.Event == Return && s.data.Debit:
		return s.forbid("the line is a debit: nobody has sent this money")
	case s.view.State == Unmatched && s.command.Event == Return && out:
		return s.forbid("a return is out: the sender has its money")
	case s.view.State == Unmatched && s.command.Event == Recover && !out:
		return s.forbid("no return is out: the money is somebody's")
	case s.view.State == Unmatched && s.command.Event == Return:
		s.sendBack()
	case s.view.State == Unmatched:
		s.data.BookedElsewhere = s.data.BookedElsewhere || s.command.Event == AssignKnown
		s.amounts[amountSum], s.data.Suspended = amount(s.data.Suspended), ""
	case s.view.State == Unexplained:
		if s.command.Event == ExplainKnown && len(s.data.Returns) > 0 {
			return s.forbid("a return of ours went out; nothing else has booked it")
		}
		s.data.BookedElsewhere = s.data.BookedElsewhere || s.command.Event == ExplainKnown
		s.amounts[amountSum], s.data.Claimed = amount(s.data.Claimed), ""
	}
	return nil
}

// forbid is a refusal of an event that the state's row alone would allow.
func (s *step) forbid(why string) *fault.Refusal {
	return fault.Refuse(fault.WrongState, "event", "%s", why).With("state", s.view.State).With("event", s.command.Event)
}

// check reads what a line's command says.
func check(b *flowv1.IncomingRegister) (money.Amount, *fault.Refusal) {
	sum, err := money.RUB.Parse(b.Amount)
	if err != nil || sum.Sign() <= 0 {
		return money.Zero, fault.Refuse(fault.AmountInvalid, "amount", "%.64q is not a positive amount of rubles", b.Amount)
	}
	if !isDay(b.Day) {
		return money.Zero, fault.Refuse(fault.Malformed, "day", "%.64q is not a day YYYY-MM-DD", b.Day)
	}
	needs := map[string]string{"account": b.Account, "statement_id": b.StatementId}
	debit := b.Debit
	switch b.Kind {
	case flowv1.LineKind_LINE_KIND_TOPUP, flowv1.LineKind_LINE_KIND_DEPOSIT:
		needs["company_id"], debit = b.CompanyId, false
	case flowv1.LineKind_LINE_KIND_UNMATCHED:
		debit = false
	case flowv1.LineKind_LINE_KIND_RETURNED_PAYOUT:
		needs["attempt"], debit = b.Attempt, false
	case flowv1.LineKind_LINE_KIND_KNOWN_DEBIT, flowv1.LineKind_LINE_KIND_BANK_FEE, flowv1.LineKind_LINE_KIND_UNKNOWN_DEBIT:
		debit = true
	case flowv1.LineKind_LINE_KIND_OWN_TRANSFER:
		needs["other_account"] = b.OtherAccount
		if b.OtherAccount == b.Account {
			return money.Zero, fault.Refuse(fault.Malformed, "other_account", "a transfer has two accounts")
		}
	default:
		return money.Zero, fault.Refuse(fault.Malformed, "kind", "what the line is must be said")
	}
	if debit != b.Debit {
		return money.Zero, fault.Refuse(fault.Malformed, "debit", "%s is not of this side", b.Kind)
	}
	for _, field := range []string{"account", "statement_id", "company_id", "other_account", "attempt"} {
		if id, needed := needs[field]; needed {
			if refusal := flow.CheckID(field, id); refusal != nil {
				return money.Zero, refusal
			}
		}
	}
	return sum, nil
}
