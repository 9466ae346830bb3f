package statement

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/trace"
)

// Told is an account whose statements the bank itself gives.
type Told struct {
	Account string // 20 digits
	Since   string // the first day that the bank tells, YYYY-MM-DD: what is before it, files have told
}

// Pull says how statements are read from the bank.
type Pull struct {
	Bank     port.Statements
	Zone     *time.Location // where the bank's days begin
	Book     string         // where the lines go
	Accounts []Told
	Every    time.Duration // 0: only when somebody asks
}

// How many days before the first one that was not read wholly are read again, since the bank
// may still change them, and how many days are read together.
const (
	daysAgain  = 3
	daysAtOnce = daysAgain + 1
)

// What became of a look at an account.
const (
	pullRead    = "read"
	pullFailed  = "failed"
	pullRefused = "refused"
)

// Run reads the statements of the accounts again and again until the context ends. Several
// processes may: a line is booked once.
func (s *Service) Run(ctx context.Context) {
	p := *s.pull
	ctx = gate.Inside(ctx, gate.InsideStatement)
	tick := time.NewTicker(p.Every)
	defer tick.Stop()
	for {
		for _, a := range p.Accounts {
			if err := s.traced(ctx, p, a); err != nil && ctx.Err() == nil {
				s.CountStatement(pullFailed)
				s.Logger.ErrorContext(ctx, "the bank's statement was not read, and will be", "account", s.own[a.Account], "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// traced looks under a span.
func (s *Service) traced(ctx context.Context, p Pull, a Told) error {
	ctx, span := s.Tracer.Start(ctx, "read statement", trace.Internal)
	defer span.End()
	span.Text("book", p.Book)
	span.Text("account", s.own[a.Account])
	err := s.look(ctx, p, a)
	if err != nil {
		span.Refuse(pullFailed)
	}
	return err
}

// look reads an account's days from the last one that was read wholly until today, some at
// once, the last ones again, and books what is new and what is changed. How far it has come
// outlives this process: however long nobody has looked, no day is passed over.
func (s *Service) look(ctx context.Context, p Pull, a Told) error {
	name := s.own[a.Account]
	read, err := s.DB.BankRead(ctx, p.Book, name)
	if err != nil {
		return fmt.Errorf("how far it was read: %w", err)
	}
	from, err := time.ParseInLocation(time.DateOnly, a.Since, p.Zone)
	if err != nil {
		return fmt.Errorf("since: %w", err)
	}
	now := s.Now().In(p.Zone)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, p.Zone)
	next := from // the first day that was not read wholly
	if last, err := time.ParseInLocation(time.DateOnly, read, p.Zone); err == nil {
		if next = last.AddDate(0, 0, 1); next.AddDate(0, 0, -daysAgain).After(from) {
			from = next.AddDate(0, 0, -daysAgain)
		}
	}
	s.behind(ctx, name, next, today)
	var failed error
	for whole := true; !from.After(today); from = from.AddDate(0, 0, daysAtOnce) {
		to := from.AddDate(0, 0, daysAtOnce-1)
		if to.After(today) {
			to = today
		}
		settled, found, err := s.days(ctx, p, a, from, to, today)
		if err != nil {
			err = fmt.Errorf("%s to %s: %w", from.Format(time.DateOnly), to.Format(time.DateOnly), err)
			if failed = errors.Join(failed, err); to.Equal(today) {
				return failed
			}
			// What is older is read again; today's money does not wait for it.
			whole, from = false, today.AddDate(0, 0, -daysAgain-daysAtOnce)
			continue
		}
		if whole = whole && found.taken; !whole || settled.Before(next) {
			continue // what was not taken is read again
		}
		if err := s.DB.NoteBankRead(ctx, p.Book, name, settled.Format(time.DateOnly)); err != nil {
			return err
		}
		next = settled.AddDate(0, 0, 1)
		s.behind(ctx, name, next, today)
	}
	if failed != nil {
		return failed
	}
	s.CountStatement(pullRead)
	return nil
}

// behind tells how many days that are over were not read wholly yet.
func (s *Service) behind(ctx context.Context, account string, next, today time.Time) {
	days := 0
	for day := next; day.Before(today); day = day.AddDate(0, 0, 1) {
		days++
	}
	s.StatementBehind(account, days)
	if days > daysAgain {
		s.Logger.InfoContext(ctx, "the bank's statement is being read up", "account", account, "next", next.Format(time.DateOnly), "days", days)
	}
}

// days reads some days and books what they say. settled is the last of them that is over and of
// which the bank tells all.
func (s *Service) days(ctx context.Context, p Pull, a Told, from, to, today time.Time) (settled time.Time, found looked, err error) {
	told, err := s.ask(ctx, p, a, from.Format(time.DateOnly), to.Format(time.DateOnly))
	if err != nil {
		return settled, found, err
	}
	settled = to
	if !to.Before(today) {
		settled = today.AddDate(0, 0, -1)
	}
	if told.Pending > 0 && !to.Before(today.AddDate(0, 0, -1)) {
		settled = today.AddDate(0, 0, -2) // of the last night
	}
	found, err = s.told(ctx, p.Book, s.own[a.Account], told, tellDays{from.Format(time.DateOnly), to.Format(time.DateOnly), settled.Format(time.DateOnly)})
	return settled, found, err
}

// ask asks the bank once, under a span.
func (s *Service) ask(ctx context.Context, p Pull, a Told, from, to string) (*port.Statement, error) {
	ctx, span := s.Tracer.Start(ctx, "bank.statement", trace.Client)
	defer span.End()
	span.Text("account", s.own[a.Account])
	span.Text("from", from)
	span.Text("to", to)
	told, err := p.Bank.Statement(ctx, a.Account, from, to)
	if err != nil {
		span.Refuse(pullFailed) // the error may have words of the bank
		return nil, err
	}
	span.Count("movements", len(told.Movements))
	return told, nil
}
