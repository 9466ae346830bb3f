package statement

import (
	"cmp"
	"context"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger/fault"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
)

// mostDays is how many days one call reads.
const mostDays = 31

// PullStatement implements StatementService. How far Run has read stays as it is: a call leaves no
// day out.
func (s *Service) PullStatement(ctx context.Context, req *statementv1.PullStatementRequest) (*statementv1.PullStatementResponse, error) {
	a, refusal := s.asks(req)
	if refusal != nil {
		return nil, refusal
	}
	now := s.Now().In(s.pull.Zone)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, s.pull.Zone)
	from, last, refusal := s.period(req, a, today)
	if refusal != nil {
		return nil, refusal
	}
	sums := newTotals()
	answer := &statementv1.PullStatementResponse{Whole: true, From: from.Format(time.DateOnly), To: last.Format(time.DateOnly)}
	for ; !from.After(last); from = from.AddDate(0, 0, daysAtOnce) {
		to := from.AddDate(0, 0, daysAtOnce-1)
		if to.After(last) {
			to = last
		}
		_, found, err := s.days(ctx, *s.pull, a, from, to, today)
		if err != nil {
			s.CountStatement(pullFailed)
			if refusal, _ := gate.RefusalOf(err); refusal != nil {
				return nil, refusal
			}
			return nil, fault.Refuse(fault.Unavailable, "", "the bank's statement from %s on was not read: %v", from.Format(time.DateOnly), err)
		}
		answer.Whole = answer.Whole && found.taken
		if err := s.showPulled(ctx, req.GetBook(), found, answer, sums); err != nil {
			return nil, err
		}
	}
	s.CountStatement(pullRead)
	answer.Totals = sums.messages()
	return answer, nil
}

// asks is the account that is meant, whose statements the bank gives.
func (s *Service) asks(req *statementv1.PullStatementRequest) (Told, *fault.Refusal) {
	switch {
	case s.pull == nil:
		return Told{}, fault.Refuse(fault.StatementSource, "account", "this installation asks no bank for statements")
	case req.GetBook() != s.pull.Book:
		return Told{}, fault.Refuse(fault.StatementSource, "book", "the bank's statements go into the book %s", s.pull.Book)
	case req.GetAccount() == "" && len(s.pull.Accounts) > 1:
		return Told{}, fault.Refuse(fault.Malformed, "account", "the bank tells of %d accounts: name one", len(s.pull.Accounts))
	}
	for _, a := range s.pull.Accounts {
		if req.GetAccount() == "" || s.own[a.Account] == req.GetAccount() {
			return a, nil
		}
	}
	for _, name := range s.own {
		if name == req.GetAccount() {
			return Told{}, fault.Refuse(fault.StatementSource, "account", "statements of %s come as files", name)
		}
	}
	return Told{}, gate.NotFound("account", "account", req.GetAccount())
}

// period is which days are meant: none that files have told, none to come.
func (s *Service) period(req *statementv1.PullStatementRequest, a Told, today time.Time) (from, to time.Time, refusal *fault.Refusal) {
	first, last := req.GetFrom(), cmp.Or(req.GetTo(), today.Format(time.DateOnly))
	if day, err := time.ParseInLocation(time.DateOnly, last, s.pull.Zone); err == nil && first == "" {
		first = max(day.AddDate(0, 0, -daysAgain).Format(time.DateOnly), a.Since)
	}
	for _, f := range []struct {
		name, text string
		into       *time.Time
	}{{"to", last, &to}, {"from", first, &from}} {
		day, err := time.ParseInLocation(time.DateOnly, f.text, s.pull.Zone)
		switch {
		case err != nil:
			return from, to, fault.Refuse(fault.Malformed, f.name, "%q is no day YYYY-MM-DD", f.text)
		case f.text < a.Since:
			return from, to, fault.Refuse(fault.StatementSource, f.name, "the bank tells from %s on; files have told the days before", a.Since)
		case day.After(today):
			return from, to, fault.Refuse(fault.Malformed, f.name, "%s has not begun at the bank", f.text)
		}
		*f.into = day
	}
	if to.Before(from) || to.After(from.AddDate(0, 0, mostDays-1)) {
		return from, to, fault.Refuse(fault.Malformed, "to", "from %s to %s are not 1 to %d days", first, last, mostDays)
	}
	return from, to, nil
}

// showPulled adds the lines of a look as they stand.
func (s *Service) showPulled(ctx context.Context, book string, found looked, answer *statementv1.PullStatementResponse, sums *totals) error {
	booked, err := s.loadAll(ctx, book, found.lines)
	if err != nil {
		return err
	}
	var rows []gate.Aggregate
	for _, id := range found.lines {
		if a, ok := booked[id]; ok { // else it was refused: the answer is not whole
			rows = append(rows, a)
		}
	}
	lines, err := s.lineMessages(ctx, book, rows)
	if err != nil {
		return err
	}
	for _, l := range lines {
		answer.Lines = append(answer.Lines, &statementv1.PulledLine{Line: l, Booked: found.fresh[l.GetLineId()], Changed: found.changed[l.GetLineId()]})
		sums.add(l, found.fresh[l.GetLineId()])
	}
	return nil
}
