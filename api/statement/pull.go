package statement

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/incoming"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
)

// Told is an account whose statements the bank itself gives.
type Told struct {
	Account string // 20 digits
	Since   string // the first day that the bank tells, YYYY-MM-DD: what is before it, files have told
}

// Pull says how statements are read from the bank.
type Pull struct {
	Bank     port.Statements
	Book     string // where the lines go
	Accounts []Told
	Every    time.Duration
}

// How many days before the last one that was read are read again, since the bank may still
// change them, and how many days the first look goes back.
const (
	daysAgain = 3
	daysBack  = 31
)

// What became of a look at an account.
const (
	pullRead    = "read"
	pullFailed  = "failed"
	pullRefused = "refused"
)

// Run reads the statements of the accounts again and again until the context ends. Several
// processes may: a line is booked once.
func (s *Service) Run(ctx context.Context, p Pull) {
	ctx = gate.Inside(ctx, gate.InsideStatement)
	tick := time.NewTicker(p.Every)
	defer tick.Stop()
	read := map[string]time.Time{} // the last day of an account that was read
	for {
		for _, a := range p.Accounts {
			if err := s.look(ctx, p, a, read); err != nil && ctx.Err() == nil {
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

// look reads an account's days, the last ones again, and books what is new.
func (s *Service) look(ctx context.Context, p Pull, a Told, read map[string]time.Time) error {
	today := s.Now().In(s.DB.Zone())
	today = time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, today.Location())
	from := today.AddDate(0, 0, -daysBack)
	if last, ok := read[a.Account]; ok {
		from = last.AddDate(0, 0, -daysAgain)
	}
	for day := from; !day.After(today); day = day.AddDate(0, 0, 1) {
		text := day.Format(time.DateOnly)
		if text < a.Since {
			continue
		}
		told, err := p.Bank.Statement(ctx, a.Account, text, text)
		if err == nil {
			err = s.told(ctx, p.Book, told)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		read[a.Account] = day
	}
	s.CountStatement(pullRead)
	return nil
}

// told books the lines of a statement that are not booked yet.
func (s *Service) told(ctx context.Context, book string, told *port.Statement) error {
	all, refusal := s.lines(told, true)
	if refusal != nil {
		return refusal
	}
	lines, err := s.fresh(ctx, book, all)
	if err != nil || len(lines) == 0 {
		return err
	}
	ids := make([]string, len(lines))
	for i, l := range lines {
		ids[i] = l.ID
	}
	id := s.Vault.StatementID(book, []byte(gate.InsideStatement+" "+strings.Join(ids, " ")))
	// The statement is kept first: booked lines are not fresh any more.
	if _, _, err := s.keep(ctx, book, id, s.document("", told, lines)); err != nil {
		return err
	}
	outcomes, err := s.bookAll(ctx, book, id, lines)
	if err != nil {
		return err
	}
	for i, o := range outcomes {
		switch {
		case o.Refusal == nil:
		case o.Refusal.Code.Lookup().Retry == fault.RetrySame:
			return o.Refusal
		default: // asked again at the next look, as it is
			s.CountStatement(pullRefused)
			s.Logger.ErrorContext(ctx, "a line of the bank's statement is refused", "line", lines[i].ID, "code", o.Refusal.Code)
		}
	}
	return nil
}

// fresh are the lines that are not in the books.
func (s *Service) fresh(ctx context.Context, book string, lines []*importLine) (out []*importLine, err error) {
	for len(lines) > 0 {
		chunk := lines[:min(len(lines), movementsAtOnce)]
		lines = lines[len(chunk):]
		ids := make([]string, len(chunk))
		for i, l := range chunk {
			ids[i] = l.ID
		}
		known, _, err := s.Load(ctx, book, incoming.Name, ids...)
		if err != nil {
			return nil, err
		}
		for _, l := range chunk {
			if _, ok := known[l.ID]; !ok {
				out = append(out, l)
			}
		}
	}
	return out, nil
}
