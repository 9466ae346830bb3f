package statement

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/incoming"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
)

// Service is StatementService.
type Service struct {
	*gate.Gate
	files port.StatementReader
	own   map[string]string // our accounts: number and name in the books
	asked map[string]bool   // those of them whose statements the bank itself gives
	bank  string            // INN of our bank: its charges are known by it; "" when not known
	pull  *Pull             // how the bank gives them; nil when it is not asked

	recalled sync.Map // accounts of which recall has looked into the books
}

// New makes the service. own are our accounts, by number with their names in the books; asked are
// those whose statements the bank itself gives, and no file; bank is the INN of our bank, "" when
// it is not known; pull says how the bank is asked, nil that it is not.
func New(g *gate.Gate, files port.StatementReader, own map[string]string, asked map[string]bool, bank string, pull *Pull) *Service {
	return &Service{Gate: g, files: files, own: own, asked: asked, bank: bank, pull: pull}
}

// movementsAtOnce is how many lines go to the books together.
const movementsAtOnce = 1000

// importLine is a movement of a statement on its way into the books.
type importLine struct {
	*gate.Change
	movement port.Movement
	line     incoming.Line
	content  string // keyed hash of its requisites
	matched  incoming.Matched
}

// ImportStatement implements StatementService.
func (s *Service) ImportStatement(ctx context.Context, req *statementv1.ImportStatementRequest) (*statementv1.ImportStatementResponse, error) {
	file, refusal := s.files.ReadStatement(req.GetFile())
	if refusal != nil {
		return nil, gate.FileRefusal(refusal)
	}
	lines, refusal := s.lines(file, false)
	if refusal != nil {
		return nil, refusal
	}
	s.count(lines)
	id := s.Vault.StatementID(req.GetBook(), req.GetFile())
	outcomes, err := s.bookAll(ctx, req.GetBook(), id, lines)
	if err != nil {
		return nil, err
	}
	kept, known, err := s.keep(ctx, req.GetBook(), id, s.document(req.GetFileName(), file, lines))
	if err != nil {
		return nil, err
	}
	return s.imported(ctx, req.GetBook(), kept, known, outcomes)
}

// document is what is kept of a statement.
func (s *Service) document(name string, of *port.Statement, lines []*importLine) *privatev1.StatementFile {
	doc := &privatev1.StatementFile{FileName: name, Notes: of.Notes, Accounts: accountTotals(of, s.own)}
	for _, l := range lines {
		doc.LineIds = append(doc.LineIds, l.ID)
	}
	return doc
}

// bookAll sends the lines to the books, some at a time.
func (s *Service) bookAll(ctx context.Context, book, statement string, lines []*importLine) (outcomes []engine.Outcome, err error) {
	for chunk := range slices.Chunk(lines, movementsAtOnce) {
		out, err := s.bookLines(ctx, book, statement, s.own, chunk)
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, out...)
	}
	return outcomes, nil
}

// tells refuses an account that is not ours, or that another source tells of: two would tell the
// same movement in their own words, and it would be booked twice.
func (s *Service) tells(account string, byBank bool) *fault.Refusal {
	switch {
	case s.own[account] == "":
		return fault.Refuse(fault.FileFormat, "file", "the account %s is not ours", private.MaskAccount(account))
	case s.asked[account] != byBank && byBank:
		return fault.Refuse(fault.StatementSource, "account", "statements of %s come as files", s.own[account])
	case s.asked[account] != byBank:
		return fault.Refuse(fault.StatementSource, "file", "statements of %s come from the bank itself", s.own[account])
	}
	return nil
}

// lines reads every movement. Where two sources tell of the two accounts of a transfer between our
// own, and where the bank tells of both, the payer's tells of the transfer.
func (s *Service) lines(file *port.Statement, byBank bool) ([]*importLine, *fault.Refusal) {
	for _, a := range file.Accounts {
		if refusal := s.tells(a.Account, byBank); refusal != nil {
			return nil, refusal
		}
	}
	out := make([]*importLine, 0, len(file.Movements))
	for _, m := range file.Movements {
		if m.Amount.Sign() <= 0 {
			return nil, fault.Refuse(fault.FileFormat, "file", "document %s of %s moves nothing", m.Number, m.DocumentDay)
		}
		if refusal := s.tells(m.Account, byBank); refusal != nil {
			return nil, refusal
		}
		if byBank && m.Operation == "" { // all without a name would have one, and be one line
			return nil, fault.Refuse(fault.FileFormat, "file", "the bank gives a movement of %s no name", m.Day)
		}
		if other := m.Counterparty.Account; !m.Out && s.own[other] != "" && (byBank || s.asked[other]) {
			file.Notes = append(file.Notes, fmt.Sprintf("a transfer from %s is told by its own statements", s.own[other]))
			continue
		}
		l := &importLine{movement: m, line: incoming.Line{
			Account: m.Account, Debit: m.Out, Day: m.Day, Number: m.Number, DocumentDay: m.DocumentDay, BankOrder: m.BankOrder,
			Amount: m.Amount, OtherINN: m.Counterparty.INN, OtherAccount: m.Counterparty.Account, Purpose: m.Purpose,
		}}
		l.content = s.lineID(l, 0)
		out = append(out, l)
	}
	return out, nil
}

// lineID is the id of a line that is the nth of its requisites.
func (s *Service) lineID(l *importLine, nth int) string {
	line := l.line
	line.Nth = nth
	return incoming.LineID(s.Vault.LineKey(), line, s.own)
}

// count names the lines of a file. Identical movements of one account are told apart by their
// number; the two sides of a transfer between our accounts are one line.
func (s *Service) count(lines []*importLine) {
	twins := map[string]int{}
	for _, l := range lines {
		first := fmt.Sprint(l.content, l.movement.Account, l.movement.Out)
		id := s.lineID(l, twins[first])
		twins[first]++
		l.take(s, id, "line:"+id)
	}
}

// take gives a line its id, and the command that registers it.
func (l *importLine) take(s *Service, id, key string) {
	l.Change = s.NewChange("ImportStatement", key, &statementv1.Line{LineId: id})
	l.Flow, l.ID, l.Event = incoming.Name, id, incoming.Register
}

// bookLines writes what is personal, says what each line is, and sends the lines to
// the books. A line that was sent before is sent as it was then.
func (s *Service) bookLines(ctx context.Context, book, statement string, own map[string]string, lines []*importLine) ([]engine.Outcome, error) {
	changes := make([]*gate.Change, len(lines))
	for i, l := range lines {
		changes[i] = l.Change
	}
	var outcomes []engine.Outcome
	err := gate.Again(func() error {
		if err := s.Recall(ctx, book, changes...); err != nil {
			return err
		}
		known, err := s.known(ctx, book, own, lines)
		if err != nil {
			return err
		}
		draft, written := s.Vault.Draft(book), map[string]*gate.Change{}
		for _, l := range lines {
			if twin := written[l.ID]; twin != nil { // the other side of a transfer between our accounts
				l.Body, l.Owner, l.Stamped = twin.Body, twin.Owner, true
			}
			if l.Fresh() {
				s.sayLine(l, statement, own, known)
				l.write(draft)
				written[l.ID] = l.Change
			}
		}
		outcomes, err = s.Commit(ctx, book, draft, false, changes)
		return err
	})
	return outcomes, err
}

// sayLine says the command of a line. A company's line is decided where the
// company's wallet is, so that its money lies together.
func (s *Service) sayLine(l *importLine, statement string, own map[string]string, known incoming.Known) {
	l.matched = incoming.Match(l.line, known)
	l.Owner = l.ID
	if l.matched.CompanyID != "" {
		l.Owner = l.matched.CompanyID
	}
	l.Say(&flowv1.IncomingRegister{
		Kind: l.matched.Kind, Account: own[l.line.Account], Debit: l.line.Debit, Amount: money.RUB.Format(l.line.Amount), Day: l.line.Day,
		StatementId: statement, CompanyId: l.matched.CompanyID, OtherAccount: l.matched.OtherAccount,
		Rules: l.matched.Rules, Suggestions: l.matched.Suggestions, Attempt: l.matched.Attempt,
	})
}

// write puts the line beside the log, and what it teaches about accounts and payments.
func (l *importLine) write(draft *private.Draft) {
	draft.Line(l.ID, 1, l.document())
	if m := l.movement; l.matched.CompanyID != "" && m.Counterparty.INN != "" {
		draft.PaidFrom(l.matched.CompanyID, m.Counterparty.Account)
	}
	if l.matched.Attempt != "" && l.line.Debit {
		draft.Shown(l.matched.Attempt, l.ID)
	}
}

// document is what the bank wrote.
func (l *importLine) document() *privatev1.StatementLine {
	m := l.movement
	return &privatev1.StatementLine{
		Number: m.Number, Day: m.DocumentDay, Kind: m.Kind, Name: m.Counterparty.Name, Inn: m.Counterparty.INN, Kpp: m.Counterparty.KPP,
		Account: m.Counterparty.Account, Bic: m.Counterparty.BIC, BankName: m.Counterparty.Bank, CorrAccount: m.Counterparty.CorrAccount,
		Purpose: m.Purpose, OurAccount: m.Account,
	}
}

// keep writes the statement once.
func (s *Service) keep(ctx context.Context, book, id string, doc *privatev1.StatementFile) (private.Statement, bool, error) {
	kept, known, err := private.Only(s.Vault.Statements(ctx, book, private.Ref{ID: id}))
	if err != nil || known {
		return kept, known, err
	}
	draft := s.Vault.Draft(book)
	draft.Statement(id, doc)
	if err := draft.Put(ctx); err != nil && !gate.IsTaken(err) {
		return kept, false, err
	}
	kept, ok, err := private.Only(s.Vault.Statements(ctx, book, private.Ref{ID: id}))
	if err == nil && !ok {
		err = fmt.Errorf("statement %s was written and is not there", id)
	}
	return kept, false, err
}

// imported says what became of the file. A line counts as booked when this import
// made it.
func (s *Service) imported(ctx context.Context, book string, kept private.Statement, known bool, outcomes []engine.Outcome) (*statementv1.ImportStatementResponse, error) {
	var rows []gate.Aggregate
	for _, o := range outcomes {
		if o.Refusal != nil && o.Refusal.Code.Lookup().Retry == fault.RetrySame {
			return nil, o.Refusal // nothing is lost: the same file goes on where it stopped
		}
		if o.Refusal == nil {
			rows = append(rows, gate.FromRecord(o.Record))
		}
	}
	shown, err := s.lineMessages(ctx, book, rows)
	if err != nil {
		return nil, err
	}
	answer := &statementv1.ImportStatementResponse{
		Statement: statementMessage(kept), Position: gate.PositionOf(outcomes), AlreadyImported: known,
	}
	seen := map[string]bool{}
	sums := newTotals()
	for _, o := range outcomes {
		r := &statementv1.LineResult{Replayed: o.Replayed}
		if o.Refusal != nil {
			r.Refusal = gate.RefusalMessage(o.Refusal)
		} else {
			r.Line, shown = shown[0], shown[1:]
			r.Replayed = o.Replayed || seen[r.Line.GetLineId()] || o.Record.GetMove().GetFrom() != machine.New
			if !seen[r.Line.GetLineId()] {
				sums.add(r.Line, !r.Replayed)
			}
			seen[r.Line.GetLineId()] = true
			answer.AlreadyImported = answer.AlreadyImported && r.Replayed
		}
		answer.Results = append(answer.Results, r)
	}
	answer.Totals = sums.messages()
	return answer, nil
}

func accountTotals(file *port.Statement, own map[string]string) []*privatev1.AccountTotals {
	text := func(a *money.Amount) string {
		if a == nil {
			return ""
		}
		return money.RUB.Format(*a)
	}
	var out []*privatev1.AccountTotals
	for _, a := range file.Accounts {
		out = append(out, &privatev1.AccountTotals{
			Account: own[a.Account], From: a.From, To: a.To,
			Opening: text(a.Opening), In: text(a.In), Out: text(a.Out), Closing: text(a.Closing),
		})
	}
	return out
}
