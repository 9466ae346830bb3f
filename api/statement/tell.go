package statement

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/incoming"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
)

// tellDays are the days that the bank has told: from, to, and the last that is settled.
type tellDays struct{ from, to, settled string }

// around are those days, and some before and behind them: a line that recall has kept again may
// have another day by now.
func (d tellDays) around() (from, to string) {
	from, to = d.from, d.to
	if at, err := time.Parse(time.DateOnly, d.from); err == nil {
		from = at.AddDate(0, 0, -daysAgain).Format(time.DateOnly)
	}
	if at, err := time.Parse(time.DateOnly, d.to); err == nil {
		to = at.AddDate(0, 0, daysAgain).Format(time.DateOnly)
	}
	return from, to
}

// change is a line in the books that the bank tells otherwise.
type change struct {
	*gate.Change
	data    *flowv1.IncomingData
	now     incoming.Movement
	line    *importLine // nil when the bank does not tell it any more
	version uint64
}

// looked is what came of a look at some days.
type looked struct {
	lines          []string        // what the bank tells, and what it tells no more
	fresh, changed map[string]bool // those of them that were booked, and that the bank tells otherwise
	taken          bool            // nothing is left for another look
}

// told books the lines of a statement that are not booked yet, and what is not as it was of
// those that are.
func (s *Service) told(ctx context.Context, book, account string, told *port.Statement, days tellDays) (looked, error) {
	out := looked{fresh: map[string]bool{}, changed: map[string]bool{}}
	lines, refusal := s.lines(told, true)
	if refusal != nil {
		return out, refusal
	}
	if err := s.recall(ctx, book, account, false); err != nil {
		return out, err
	}
	moved, gone, err := s.tell(ctx, book, account, days, lines)
	if err != nil {
		return out, err
	}
	fresh, changes, taken, err := s.differ(ctx, book, lines, moved, gone)
	for _, m := range append(append([]incoming.Movement(nil), moved...), gone...) {
		out.lines = append(out.lines, m.Line)
	}
	if out.taken = taken; err != nil || len(fresh)+len(changes) == 0 {
		return out, err
	}
	kept := append([]*importLine(nil), fresh...)
	ids := make([]string, 0, len(fresh)+len(changes))
	for _, l := range fresh {
		ids, out.fresh[l.ID] = append(ids, l.ID), true
	}
	for _, c := range changes {
		ids, out.changed[c.ID] = append(ids, c.Key), true
		kept = append(kept, &importLine{Change: c.Change})
	}
	id := s.Vault.StatementID(book, []byte(gate.InsideStatement+" "+strings.Join(ids, " ")))
	// The statement is kept first: booked lines are not fresh any more.
	if _, _, err := s.keep(ctx, book, id, s.document("", told, kept)); err != nil {
		return out, err
	}
	booked, err := s.bookTold(ctx, book, id, fresh)
	if err != nil {
		return out, err
	}
	changed, err := s.bookChanges(ctx, book, id, changes)
	out.taken = taken && booked && changed
	return out, err
}

// tell finds the line of each movement. Lines that stand in the books and that nobody has noted
// as told are those of the same requisites.
func (s *Service) tell(ctx context.Context, book, account string, days tellDays, lines []*importLine) (moved, gone []incoming.Movement, err error) {
	of := store.BankLines{Book: book, Account: account}
	of.From, of.To = days.around()
	st := incoming.Statement{From: days.from, To: days.to, Settled: days.settled}
	var stand []incoming.Movement
	var ids []string
	twins := map[string]int{}
	for _, l := range lines {
		m := incoming.Movement{Operation: side(l.line.Debit) + l.movement.Operation, Day: l.line.Day, Debit: l.line.Debit, Amount: l.line.Amount, Content: l.content}
		st.Lines = append(st.Lines, m)
		of.Operations, of.Made = append(of.Operations, m.Operation), append(of.Made, m.Content)
		m.Operation, m.Made, m.Nth = "", m.Content, twins[m.Content]
		twins[m.Content]++
		m.Line = s.lineID(l, m.Nth)
		stand, ids = append(stand, m), append(ids, m.Line)
	}
	booked, err := s.loadAll(ctx, book, ids)
	if err != nil {
		return nil, nil, err
	}
	lost := false
	plan := func(rows []store.BankLine) []store.BankLine {
		lost = false
		known, noted := make([]incoming.Movement, 0, len(rows)), map[string]bool{}
		for _, r := range rows {
			known, noted[r.Line] = append(known, movementOf(r)), true
		}
		for _, m := range stand {
			if _, ok := booked[m.Line]; ok && !noted[m.Line] {
				known, lost = append(known, m), true
			}
		}
		if _, recalled := s.recalled.Load(account); lost && !recalled {
			return nil // there may be changed ones, too: first they are looked for
		}
		moved, gone = incoming.Tell(known, st, func(i, nth int) string { return s.lineID(lines[i], nth) })
		return unlike(rows, append(append([]incoming.Movement(nil), moved...), gone...))
	}
	_, recalled := s.recalled.Load(account)
	if err = s.DB.TellBank(ctx, of, plan); err == nil && lost && !recalled {
		if err = s.recall(ctx, book, account, true); err == nil {
			err = s.DB.TellBank(ctx, of, plan)
		}
	}
	return moved, gone, err
}

// unlike are the rows of movements that are not as they stand: most are, at each look.
func unlike(rows []store.BankLine, now []incoming.Movement) (out []store.BankLine) {
	stand := make(map[store.BankLine]bool, len(rows))
	for _, r := range rows {
		stand[r] = true
	}
	for _, m := range now {
		if r := rowOf(m); r.Line != "" && !stand[r] {
			out = append(out, r)
		}
	}
	return out
}

// side is what an operation's name begins with: in and out are never one line.
func side(debit bool) string {
	if debit {
		return "out:"
	}
	return "in:"
}

func movementOf(r store.BankLine) incoming.Movement {
	if r.Operation == unnamed(r.Line) {
		r.Operation = ""
	}
	return incoming.Movement{
		Line: r.Line, Operation: r.Operation, Day: r.Day, Debit: r.Debit, Amount: money.MustParse(r.Amount), // as rowOf wrote it
		Content: r.Content, Made: r.Made, Nth: r.Nth,
	}
}

func rowOf(m incoming.Movement) store.BankLine {
	return store.BankLine{
		Line: m.Line, Operation: m.Operation, Day: m.Day, Debit: m.Debit, Amount: money.RUB.Format(m.Amount),
		Content: m.Content, Made: m.Made, Nth: m.Nth,
	}
}

// loadAll reads lines in the books, some at a time.
func (s *Service) loadAll(ctx context.Context, book string, ids []string) (map[string]gate.Aggregate, error) {
	out := make(map[string]gate.Aggregate, len(ids))
	for len(ids) > 0 {
		chunk := ids[:min(len(ids), movementsAtOnce)]
		ids = ids[len(chunk):]
		found, _, err := s.Load(ctx, book, incoming.Name, chunk...)
		if err != nil {
			return nil, err
		}
		for id, a := range found {
			out[id] = a
		}
	}
	return out, nil
}

// differ compares what the bank tells with the books: lines that they do not have, and those
// that they have otherwise.
func (s *Service) differ(ctx context.Context, book string, lines []*importLine, moved, gone []incoming.Movement) (fresh []*importLine, changes []*change, taken bool, err error) {
	taken = true
	var ids []string
	for _, m := range append(append([]incoming.Movement(nil), moved...), gone...) {
		ids = append(ids, m.Line)
	}
	booked, err := s.loadAll(ctx, book, ids)
	if err != nil {
		return nil, nil, false, err
	}
	differs := func(m incoming.Movement, l *importLine) error {
		a := booked[m.Line]
		d := new(flowv1.IncomingData)
		if err := a.Read(d); err != nil {
			return err
		}
		same := d.GetContent() == m.Content || d.GetContent() == "" && (l == nil || s.lineID(l, m.Nth) == m.Line)
		if same && incoming.Told(d).Equal(m.Amount) {
			return nil
		}
		// A refusal is remembered under its key: one whose reason may be gone is asked again, once a day.
		c := &change{data: d, now: m, line: l, version: a.Version}
		c.Change = s.NewChange("ChangeLine", fmt.Sprintf("change:%s:%d:%s", m.Line, a.Version, s.Now().UTC().Format(time.DateOnly)), &statementv1.Line{
			LineId: m.Line, ToldAmount: money.RUB.Format(m.Amount), ChangedStatementId: m.Content,
		})
		c.Flow, c.ID, c.Owner, c.Event = incoming.Name, m.Line, a.Owner, incoming.Change
		changes = append(changes, c)
		return nil
	}
	for i, m := range moved {
		if m.Line == "" {
			taken = false
			continue
		}
		if _, ok := booked[m.Line]; !ok {
			lines[i].take(s, m.Line, "line:"+m.Line)
			fresh = append(fresh, lines[i])
		} else if err := differs(m, lines[i]); err != nil {
			return nil, nil, false, err
		}
	}
	for _, m := range gone {
		if _, ok := booked[m.Line]; ok {
			if err := differs(m, nil); err != nil {
				return nil, nil, false, err
			}
		}
	}
	return fresh, changes, taken, nil
}

// bookTold books lines. A refusal is remembered under its key, and the line is to be booked once
// its reason is gone: it is asked again, once a day.
func (s *Service) bookTold(ctx context.Context, book, statement string, lines []*importLine) (taken bool, err error) {
	outcomes, err := s.bookAll(ctx, book, statement, lines)
	if err != nil {
		return false, err
	}
	var again []*importLine
	for i, o := range outcomes {
		if o.Refusal != nil && o.Refusal.Code.Lookup().Retry != fault.RetrySame {
			lines[i].take(s, lines[i].ID, "line:"+lines[i].ID+":"+s.Now().UTC().Format(time.DateOnly))
			again = append(again, lines[i])
			outcomes[i] = engine.Outcome{}
		}
	}
	if taken, err = s.refused(ctx, outcomes, lines); err != nil || len(again) == 0 {
		return taken, err
	}
	if outcomes, err = s.bookAll(ctx, book, statement, again); err != nil {
		return false, err
	}
	rest, err := s.refused(ctx, outcomes, again)
	return taken && rest, err
}

// refused counts what the books did not take; one that is only late is an error.
func (s *Service) refused(ctx context.Context, outcomes []engine.Outcome, lines []*importLine) (none bool, err error) {
	none = true
	for i, o := range outcomes {
		switch {
		case o.Refusal == nil:
		case o.Refusal.Code.Lookup().Retry == fault.RetrySame:
			return false, o.Refusal
		default: // asked again at the next look
			none = false
			s.CountStatement(pullRefused)
			s.Logger.ErrorContext(ctx, "a line of the bank's statement is refused", "line", lines[i].ID, "code", o.Refusal.Code)
		}
	}
	return none, nil
}

// bookChanges sends what the bank has changed, and writes what is personal of it.
func (s *Service) bookChanges(ctx context.Context, book, statement string, changes []*change) (taken bool, err error) {
	taken = true
	for len(changes) > 0 {
		chunk := changes[:min(len(changes), movementsAtOnce)]
		changes = changes[len(chunk):]
		var outcomes []engine.Outcome
		sent, lines := make([]*gate.Change, len(chunk)), make([]*importLine, len(chunk))
		for i, c := range chunk {
			sent[i], lines[i] = c.Change, &importLine{Change: c.Change}
		}
		if err := gate.Again(func() error {
			if err := s.Recall(ctx, book, sent...); err != nil {
				return err
			}
			draft, err := s.sayChanges(ctx, book, statement, chunk)
			if err != nil {
				return err
			}
			outcomes, err = s.Commit(ctx, book, draft, false, sent)
			return err
		}); err != nil {
			return false, err
		}
		none, err := s.refused(ctx, outcomes, lines)
		if err != nil {
			return false, err
		}
		taken = taken && none
	}
	return taken, nil
}

// sayChanges says the commands of changes.
func (s *Service) sayChanges(ctx context.Context, book, statement string, changes []*change) (*private.Draft, error) {
	was, newest := make([]private.Ref, len(changes)), make([]private.Ref, len(changes))
	for i, c := range changes {
		was[i], newest[i] = lineRef(c.ID, c.data), private.Ref{ID: c.ID}
	}
	before, err := s.Vault.Lines(ctx, book, was...)
	if err != nil {
		return nil, err
	}
	last, err := s.Vault.Lines(ctx, book, newest...)
	if err != nil {
		return nil, err
	}
	draft := s.Vault.Draft(book)
	for _, c := range changes {
		if !c.Fresh() {
			continue
		}
		b := &flowv1.IncomingChange{Amount: money.RUB.Format(c.now.Amount), Content: c.now.Content, StatementId: statement, After: c.data.GetChanges()}
		if !incoming.Told(c.data).Equal(c.now.Amount) {
			b.Fields = append(b.Fields, "amount")
		}
		if c.line != nil {
			doc := c.line.document()
			b.Fields = append(b.Fields, fieldsChanged(before[c.ID].Content, doc, c.data.GetDay() != c.now.Day)...)
			if d, ok := last[c.ID]; ok && proto.Equal(d.Content, doc) {
				b.Version = d.Number()
			} else {
				b.Version = d.Number() + 1
				draft.Line(c.ID, b.Version, doc)
			}
		}
		c.Say(b)
	}
	return draft, nil
}

// lineRef is the version of what the bank wrote that a line has now.
func lineRef(id string, d *flowv1.IncomingData) private.Ref {
	return private.Ref{ID: id, Version: max(d.GetVersion(), 1)}
}

// fieldsChanged names what a line says otherwise.
func fieldsChanged(was, now *privatev1.StatementLine, day bool) (fields []string) {
	for _, f := range []struct {
		name    string
		differs bool
	}{
		{"day", day}, {"number", was.GetNumber() != now.GetNumber()}, {"document_day", was.GetDay() != now.GetDay()},
		{"inn", was.GetInn() != now.GetInn()}, {"account", was.GetAccount() != now.GetAccount()}, {"purpose", was.GetPurpose() != now.GetPurpose()},
	} {
		if f.differs {
			fields = append(fields, f.name)
		}
	}
	return fields
}
