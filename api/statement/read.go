package statement

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/incoming"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
)

// kindWords are the words for what a line is.
var kindWords = map[flowv1.LineKind]string{
	flowv1.LineKind_LINE_KIND_TOPUP: "topup", flowv1.LineKind_LINE_KIND_DEPOSIT: "deposit",
	flowv1.LineKind_LINE_KIND_UNMATCHED: "unmatched", flowv1.LineKind_LINE_KIND_OWN_TRANSFER: "own_transfer",
	flowv1.LineKind_LINE_KIND_KNOWN_DEBIT: "known_debit", flowv1.LineKind_LINE_KIND_BANK_FEE: "bank_fee",
	flowv1.LineKind_LINE_KIND_UNKNOWN_DEBIT: "unknown_debit", flowv1.LineKind_LINE_KIND_RETURNED_PAYOUT: "returned_payout",
}

// GetStatement implements StatementService.
func (s *Service) GetStatement(ctx context.Context, req *statementv1.GetStatementRequest) (*statementv1.GetStatementResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	doc, ok, err := private.Only(s.Vault.Statements(ctx, req.GetBook(), private.Ref{ID: req.GetStatementId()}))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, gate.NotFound("statement_id", "statement", req.GetStatementId())
	}
	found, _, err := s.Load(ctx, req.GetBook(), incoming.Name, doc.Content.GetLineIds()...)
	if err != nil {
		return nil, err
	}
	var rows []gate.Aggregate
	seen := map[string]bool{}
	for _, id := range doc.Content.GetLineIds() {
		if a, ok := found[id]; ok && !seen[id] {
			seen[id] = true
			rows = append(rows, a)
		}
	}
	answer := &statementv1.GetStatementResponse{Statement: statementMessage(doc)}
	if answer.Lines, err = s.lineMessages(ctx, req.GetBook(), rows); err != nil {
		return nil, err
	}
	sums := newTotals()
	for _, l := range answer.GetLines() {
		sums.add(l, true)
	}
	answer.Totals = sums.messages()
	return answer, nil
}

// CountLines implements StatementService.
func (s *Service) CountLines(ctx context.Context, req *statementv1.CountLinesRequest) (*statementv1.CountLinesResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	counts, seen, err := s.DB.CountAggregates(ctx, req.GetBook(), incoming.Name, "")
	if err != nil {
		return nil, fmt.Errorf("count lines: %w", err)
	}
	totals, _, err := s.DB.TrialBalance(ctx, req.GetBook())
	if err != nil {
		return nil, fmt.Errorf("read the trial balance: %w", err)
	}
	answer := &statementv1.CountLinesResponse{Position: gate.SeenPosition(seen), Suspense: money.RUB.Format(money.Zero)}
	for _, t := range totals {
		if t.Type == "suspense" && t.Asset == money.RUB.Code {
			answer.Suspense = money.RUB.Format(t.Credit.Sub(t.Debit))
		}
	}
	f, _ := s.Flows.Lookup(incoming.Name)
	for _, state := range f.Machine.States() {
		if counts[state] > 0 {
			answer.Counts = append(answer.Counts, &statementv1.LineCount{State: state, Title: s.Title(incoming.Name, state), Count: counts[state]})
		}
	}
	return answer, nil
}

// lineMessages joins what the flow keeps with what the bank wrote, in the order of
// the rows.
func (s *Service) lineMessages(ctx context.Context, book string, rows []gate.Aggregate) ([]*statementv1.Line, error) {
	datas := make([]*flowv1.IncomingData, len(rows))
	refs, were := make([]private.Ref, len(rows)), make([]private.Ref, 0, len(rows))
	companies := map[string]bool{}
	for i, a := range rows {
		datas[i] = new(flowv1.IncomingData)
		if err := a.Read(datas[i]); err != nil {
			return nil, err
		}
		if refs[i] = lineRef(a.ID, datas[i]); refs[i].Version > 1 {
			were = append(were, private.Ref{ID: a.ID, Version: refs[i].Version - 1})
		}
		for _, g := range datas[i].GetSuggestions() {
			companies[g.GetCompanyId()] = true
		}
	}
	docs, err := s.Vault.Lines(ctx, book, refs...)
	if err != nil {
		return nil, err
	}
	before, err := s.Vault.Lines(ctx, book, were...)
	if err != nil {
		return nil, err
	}
	var named []private.Ref
	for id := range companies {
		named = append(named, private.Ref{ID: id})
	}
	names, err := s.Vault.Companies(ctx, book, named...)
	if err != nil {
		return nil, err
	}
	out := make([]*statementv1.Line, len(rows))
	for i, a := range rows {
		l := s.lineMessage(a, datas[i])
		for _, g := range l.GetSuggestions() {
			if d, ok := names[g.GetCompanyId()]; ok {
				g.CompanyName = d.Content.GetName()
			}
		}
		if d, ok := docs[a.ID]; ok {
			w := lineWords(d)
			l.CounterpartyName, l.CounterpartyInn, l.CounterpartyAccount = w.GetCounterpartyName(), w.GetCounterpartyInn(), w.GetCounterpartyAccount()
			l.Purpose, l.Number = w.GetPurpose(), w.GetNumber()
		}
		if d, ok := before[a.ID]; ok {
			l.Before = lineWords(d)
		}
		out[i] = l
	}
	return out, nil
}

// lineWords is what the bank wrote, fit to be shown.
func lineWords(d private.Line) *statementv1.LineWords {
	c := d.Content
	return &statementv1.LineWords{
		CounterpartyName: c.GetName(), CounterpartyInn: private.MaskINN(c.GetInn()), CounterpartyAccount: private.MaskAccount(c.GetAccount()),
		Purpose: c.GetPurpose(), Number: c.GetNumber(), DocumentDay: c.GetDay(),
	}
}

func (s *Service) lineMessage(a gate.Aggregate, d *flowv1.IncomingData) *statementv1.Line {
	l := &statementv1.Line{
		LineId: a.ID, State: a.State, StateTitle: s.Title(incoming.Name, a.State), Kind: kindWords[d.GetKind()], Account: d.GetAccount(),
		Debit: d.GetDebit(), Amount: d.GetAmount(), Day: d.GetDay(), CompanyId: d.GetCompanyId(), Rules: d.GetRules(), StatementId: d.GetStatementId(),
		RemittanceId: d.GetRemittanceId(), RefusedCode: d.GetRefusedCode(), RefusedReason: d.GetRefusedReason(),
		ToldAmount: d.GetToldAmount(), Changes: d.GetChanges(), ChangedFields: d.GetChangedFields(), ChangedStatementId: d.GetChangedIn(),
	}
	for _, r := range d.GetRefunds() {
		l.Refunds = append(l.Refunds, &statementv1.LineRefund{RemittanceId: r.GetRemittanceId(), Amount: r.GetAmount()})
	}
	for _, g := range d.GetSuggestions() {
		l.Suggestions = append(l.Suggestions, &statementv1.Suggestion{CompanyId: g.GetCompanyId(), Rules: g.GetRules(), Weight: g.GetWeight()})
	}
	return l
}

func statementMessage(d private.Statement) *statementv1.Statement {
	out := &statementv1.Statement{
		StatementId: d.ID, FileName: d.Content.GetFileName(), Lines: uint32(len(d.Content.GetLineIds())), Notes: d.Content.GetNotes(),
		ImportedAt: timestamppb.New(d.Created),
	}
	for _, a := range d.Content.GetAccounts() {
		out.Accounts = append(out.Accounts, &statementv1.AccountTotals{
			Account: a.GetAccount(), From: a.GetFrom(), To: a.GetTo(), Opening: a.GetOpening(), In: a.GetIn(), Out: a.GetOut(), Closing: a.GetClosing(),
		})
	}
	return out
}

// totals are sums by kind of line, in the order in which the kinds came.
type totals struct {
	order []string
	rows  map[string]*statementv1.KindTotal
	sums  map[string]money.Amount
}

func newTotals() *totals {
	return &totals{rows: map[string]*statementv1.KindTotal{}, sums: map[string]money.Amount{}}
}

func (t *totals) add(l *statementv1.Line, booked bool) {
	row := t.rows[l.GetKind()]
	if row == nil {
		row = &statementv1.KindTotal{Kind: l.GetKind()}
		t.rows[l.GetKind()] = row
		t.order = append(t.order, l.GetKind())
	}
	row.Lines++
	if booked {
		row.Booked++
	}
	t.sums[l.GetKind()] = t.sums[l.GetKind()].Add(money.MustParse(l.GetAmount())) // the flow's own
}

func (t *totals) messages() []*statementv1.KindTotal {
	var out []*statementv1.KindTotal
	for _, kind := range t.order {
		t.rows[kind].Amount = money.RUB.Format(t.sums[kind])
		out = append(out, t.rows[kind])
	}
	return out
}

// lineChange is a person's word about one line.
type lineChange interface {
	gate.ChangeRequest
	GetLineId() string
	GetReason() string
}

// AssignLine implements StatementService.
func (s *Service) AssignLine(ctx context.Context, req *statementv1.AssignLineRequest) (*statementv1.AssignLineResponse, error) {
	event := incoming.Assign
	if req.GetDeposit() {
		event = incoming.AssignDeposit
	}
	l, position, replayed, err := s.say(ctx, req, req.GetCompanyId(), func(*flowv1.IncomingData) string { return event })
	return &statementv1.AssignLineResponse{Line: l, Position: position, Replayed: replayed}, err
}

// ExplainLine implements StatementService.
func (s *Service) ExplainLine(ctx context.Context, req *statementv1.ExplainLineRequest) (*statementv1.ExplainLineResponse, error) {
	charge := req.GetExplanation() == statementv1.Explanation_EXPLANATION_CHARGE
	if charge != (req.GetCompanyId() != "") {
		return nil, fault.Refuse(fault.Malformed, "company_id", "a company is named for a charge, and for nothing else")
	}
	returned := req.GetExplanation() == statementv1.Explanation_EXPLANATION_RETURNED
	if returned != (req.GetTaskId() != "") {
		return nil, fault.Refuse(fault.Malformed, "task_id", "a task is named for its payment that came back, and for nothing else")
	}
	refund := req.GetExplanation() == statementv1.Explanation_EXPLANATION_TAX_REFUND
	if refund != (req.GetRemittanceId() != "") {
		return nil, fault.Refuse(fault.Malformed, "remittance_id", "an order of taxes is named for a refund of the tax service, and for nothing else")
	}
	if req.GetAmount() != "" && !refund {
		return nil, fault.Refuse(fault.Malformed, "amount", "an amount is named for a refund of the tax service, and for nothing else")
	}
	switch {
	case returned:
		return s.explainReturned(ctx, req)
	case refund:
		return s.explainRefund(ctx, req)
	}
	l, position, replayed, err := s.say(ctx, req, req.GetCompanyId(), func(d *flowv1.IncomingData) string {
		switch req.GetExplanation() {
		case statementv1.Explanation_EXPLANATION_FEE:
			return incoming.ExplainFee
		case statementv1.Explanation_EXPLANATION_LOSS:
			return incoming.ExplainLoss
		case statementv1.Explanation_EXPLANATION_CHARGE:
			return incoming.Charge
		}
		if d.GetDebit() {
			return incoming.ExplainKnown
		}
		return incoming.AssignKnown
	})
	return &statementv1.ExplainLineResponse{Line: l, Position: position, Replayed: replayed}, err
}

// explainReturned sends a person's word that the payment of a task came back.
func (s *Service) explainReturned(ctx context.Context, req *statementv1.ExplainLineRequest) (*statementv1.ExplainLineResponse, error) {
	t, err := s.Must(ctx, req.GetBook(), task.Name, "task_id", req.GetTaskId())
	if err != nil {
		return nil, err
	}
	d := new(flowv1.TaskData)
	if err := t.Read(d); err != nil {
		return nil, err
	}
	attempt, ok := task.Payment(req.GetBook(), t.ID, d)
	if !ok {
		return nil, fault.Refuse(fault.WrongState, "task_id", "the task has not been paid")
	}
	return s.explainOwn(ctx, req, incoming.AssignReturned, &flowv1.IncomingReturned{Attempt: attempt, Reason: req.GetReason()})
}

// explainRefund sends a person's word that the tax service gives back what an order had paid
// twice; how much of it is left the order says.
func (s *Service) explainRefund(ctx context.Context, req *statementv1.ExplainLineRequest) (*statementv1.ExplainLineResponse, error) {
	r, err := s.Must(ctx, req.GetBook(), remittance.Name, "remittance_id", req.GetRemittanceId())
	if err != nil {
		return nil, err
	}
	return s.explainOwn(ctx, req, incoming.AssignTax, &flowv1.IncomingTax{RemittanceId: r.ID, Reason: req.GetReason(), Amount: req.GetAmount()})
}

// explainOwn sends a person's word that money of ours came back.
func (s *Service) explainOwn(ctx context.Context, req *statementv1.ExplainLineRequest, event string, word proto.Message) (*statementv1.ExplainLineResponse, error) {
	a, err := s.Must(ctx, req.GetBook(), incoming.Name, "line_id", req.GetLineId())
	if err != nil {
		return nil, err
	}
	c := &gate.Change{Key: req.GetKey(), Flow: incoming.Name, ID: a.ID, Owner: a.Owner, Event: event}
	c.Say(word)
	l, position, replayed, err := s.send(ctx, req.GetBook(), c)
	return &statementv1.ExplainLineResponse{Line: l, Position: position, Replayed: replayed}, err
}

// ReturnLine implements StatementService.
func (s *Service) ReturnLine(ctx context.Context, req *statementv1.ReturnLineRequest) (*statementv1.ReturnLineResponse, error) {
	l, position, replayed, err := s.say(ctx, req, "", func(*flowv1.IncomingData) string { return incoming.Return })
	return &statementv1.ReturnLineResponse{Line: l, Position: position, Replayed: replayed}, err
}

// say sends a person's word to a line; a company that is named must exist.
func (s *Service) say(ctx context.Context, req lineChange, companyID string, event func(*flowv1.IncomingData) string) (*statementv1.Line, string, bool, error) {
	a, err := s.Must(ctx, req.GetBook(), incoming.Name, "line_id", req.GetLineId())
	if err != nil {
		return nil, "", false, err
	}
	d := new(flowv1.IncomingData)
	if err := a.Read(d); err != nil {
		return nil, "", false, err
	}
	c := &gate.Change{Key: req.GetKey(), Flow: incoming.Name, ID: a.ID, Owner: a.Owner, Event: event(d)}
	if companyID != "" {
		if _, err := s.Must(ctx, req.GetBook(), company.Name, "company_id", companyID); err != nil {
			return nil, "", false, err
		}
		c.Say(&flowv1.IncomingAssign{CompanyId: companyID, Reason: req.GetReason()})
	} else {
		c.Say(&flowv1.IncomingExplain{Reason: req.GetReason()})
	}
	return s.send(ctx, req.GetBook(), c)
}

// send submits a word to a line and shows the line after it.
func (s *Service) send(ctx context.Context, book string, c *gate.Change) (*statementv1.Line, string, bool, error) {
	o := s.SubmitChanges(ctx, book, false, []*gate.Change{c})[0]
	if o.Refusal != nil {
		return nil, "", false, gate.IDField(o.Refusal, "line_id")
	}
	shown, err := s.lineMessages(ctx, book, []gate.Aggregate{gate.FromRecord(o.Record)})
	if err != nil {
		return nil, "", false, err
	}
	return shown[0], gate.IDOf(o.Record), o.Replayed, nil
}
