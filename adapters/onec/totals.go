package onec

import (
	"fmt"
	"slices"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// turnover is what came in and went out of an account.
type turnover struct {
	in, out money.Amount
}

// settle checks the totals and computes the movements. Where identical own
// transfers can be read in two ways, the totals of the file decide.
func (s *Statement) settle() *fault.Refusal {
	if len(s.ours()) == 0 {
		return fault.Refuse(fault.FileFormat, keyAccount, "the file names no account")
	}
	stated, refusal := s.stated()
	if refusal != nil {
		return refusal
	}
	merged, ambiguous, refusal := s.movements(true)
	if refusal != nil {
		return refusal
	}
	s.Movements = merged
	wrong := disagree(stated, merged)
	if !ambiguous {
		return s.totals(wrong)
	}
	apart, _, refusal := s.movements(false)
	if refusal != nil {
		return refusal
	}
	wrongApart := disagree(stated, apart)
	switch {
	case wrong != "" && wrongApart == "":
		s.Movements, wrong = apart, ""
	case wrong == "" && wrongApart == "":
		s.Notes = append(s.Notes, "identical transfers between own accounts were taken for copies of one: no total says otherwise")
	}
	return s.totals(wrong)
}

func (s *Statement) totals(wrong string) *fault.Refusal {
	if wrong == "" {
		return nil
	}
	if len(s.DocumentKinds) > 0 {
		wrong += "; the file is limited to some kinds of documents, ask the bank for all"
	}
	return fault.Refuse(fault.FileTotals, "", "%s", wrong)
}

// stated checks each section and the chain of sections of an account, and adds up
// the totals of the accounts whose sections all have them.
func (s *Statement) stated() (map[string]turnover, *fault.Refusal) {
	sums := map[string]turnover{}
	last := map[string]*Section{}
	silent := map[string]bool{}
	byDay := make([]*Section, len(s.Sections))
	for i := range s.Sections {
		byDay[i] = &s.Sections[i]
	}
	slices.SortStableFunc(byDay, func(a, b *Section) int { return a.From.Compare(b.From) })
	for _, section := range byDay {
		if refusal := section.check(); refusal != nil {
			return nil, refusal
		}
		if refusal := section.follows(last[section.Account]); refusal != nil {
			return nil, refusal
		}
		last[section.Account] = section
		if section.In == nil || section.Out == nil {
			silent[section.Account] = true
			continue
		}
		sum := sums[section.Account]
		sums[section.Account] = turnover{sum.in.Add(*section.In), sum.out.Add(*section.Out)}
	}
	for account := range s.ours() {
		if _, ok := sums[account]; !ok || silent[account] {
			delete(sums, account)
			s.Notes = append(s.Notes, fmt.Sprintf("account %s has no totals: its documents were not added up against any", account))
		}
	}
	slices.Sort(s.Notes)
	return sums, nil
}

// check compares opening + in - out with closing, when the bank wrote all four.
func (s *Section) check() *fault.Refusal {
	if !s.To.IsZero() && s.To.Before(s.From) {
		return fault.Refuse(fault.FileFormat, lineField(s.Line), "the account section ends on %s, before it begins on %s", s.To.Format(dateLayout), s.From.Format(dateLayout))
	}
	if s.Opening == nil || s.In == nil || s.Out == nil || s.Closing == nil {
		return nil
	}
	if want := s.Opening.Add(*s.In).Sub(*s.Out); !want.Equal(*s.Closing) {
		return fault.Refuse(fault.FileTotals, lineField(s.Line), "account %s: opening %s + in %s - out %s = %s, but closing is %s",
			s.Account, rub(*s.Opening), rub(*s.In), rub(*s.Out), rub(want), rub(*s.Closing))
	}
	return nil
}

// follows compares a section with the one before it of the same account.
func (s *Section) follows(before *Section) *fault.Refusal {
	if before == nil {
		return nil
	}
	if !s.From.IsZero() && !before.To.IsZero() && !s.From.After(before.To) {
		return fault.Refuse(fault.FileFormat, lineField(s.Line), "account %s: the section from %s overlaps the one of line %d up to %s",
			s.Account, s.From.Format(dateLayout), before.Line, before.To.Format(dateLayout))
	}
	if s.Opening != nil && before.Closing != nil && !s.Opening.Equal(*before.Closing) {
		return fault.Refuse(fault.FileTotals, lineField(s.Line), "account %s: opening %s is not the closing %s of line %d: days are missing between",
			s.Account, rub(*s.Opening), rub(*before.Closing), before.Line)
	}
	return nil
}

// disagree compares the totals with the movements and says the first difference,
// by account, "" when there is none.
func disagree(stated map[string]turnover, list []Movement) string {
	sums := map[string]turnover{}
	for i := range list {
		sum := sums[list[i].Account]
		if list[i].Direction == In {
			sum.in = sum.in.Add(list[i].Amount)
		} else {
			sum.out = sum.out.Add(list[i].Amount)
		}
		sums[list[i].Account] = sum
	}
	var wrong []string
	for account, want := range stated {
		got := sums[account]
		if !got.in.Equal(want.in) || !got.out.Equal(want.out) {
			wrong = append(wrong, fmt.Sprintf("account %s: the documents bring in %s and take out %s, the totals say %s and %s",
				account, rub(got.in), rub(got.out), rub(want.in), rub(want.out)))
		}
	}
	if len(wrong) == 0 {
		return ""
	}
	return slices.Min(wrong)
}

// rub prints a sum of any scale up to kopecks.
func rub(a money.Amount) string { return money.RUB.Format(a) }
