package task

import (
	"maps"
	"slices"
	"strings"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/tax"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Fields of the Changes table.
const (
	FieldTitle          = "title"
	FieldDescription    = "description"
	FieldCategory       = "category"
	FieldAdditionalInfo = "additional_info"
	FieldMetadata       = "metadata"

	fieldPrice       = "price"
	fieldKind        = "kind"
	fieldPeriod      = "period"
	fieldActRequired = "act_required"
)

// textFields stand outside the log, in a version of the task's texts; the others are in
// the command.
var textFields = []string{FieldTitle, FieldDescription, FieldCategory, FieldAdditionalInfo, FieldMetadata}

// unsigned are the text fields that are no part of the contract.
var unsigned = []string{FieldAdditionalInfo, FieldMetadata}

var changeable = mustParseChanges(document)

func mustParseChanges(text string) map[string][]string {
	parsed, err := parseChanges(text)
	if err != nil {
		panic(err)
	}
	return parsed
}

// parseChanges reads the Changes table: the states in which each field may be changed.
func parseChanges(text string) (map[string][]string, error) {
	tables, err := machine.ParseTables("engine/flow/task/task.md", text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Changes")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Field", "States", "Meaning"); err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for _, r := range t.Rows {
		name, states := r.Cell("Field"), r.List("States")
		unknown := func(s string) bool { return !slices.Contains(words.States, s) }
		if _, twice := all[name]; twice || len(states) == 0 || slices.ContainsFunc(states, unknown) {
			return nil, r.Errorf("field %q stands twice, in no state, or in one that is not known", name)
		}
		all[name] = states
	}
	fields := append(slices.Clone(textFields), fieldPrice, fieldKind, fieldPeriod, fieldActRequired)
	return all, machine.Names("field", slices.Sorted(maps.Keys(all)), fields)
}

// Terms is the version of the contract's terms, from 1: what the executor signs.
func Terms(d *flowv1.TaskData) uint32 { return d.GetTermsChanged() + 1 }

// TextVersion is the version of the task's texts that counts, from 1.
func TextVersion(d *flowv1.TaskData) uint32 { return max(d.GetTextVersion(), 1) }

// edit changes what the customer may still change.
func (s *step) edit() *fault.Refusal {
	if refusal := s.holding(); refusal != nil && s.view.State == Draft {
		return refusal
	}
	var b flowv1.TaskChange
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	named := fieldsOf(&b)
	if len(named) == 0 {
		return fault.Refuse(fault.Malformed, "", "nothing is to be changed")
	}
	terms := false
	for _, name := range named {
		states, ok := changeable[name]
		switch {
		case !ok:
			return fault.Refuse(fault.Malformed, "fields", "%.64q is not a field of a task", name)
		case !slices.Contains(states, s.view.State):
			return fault.Refuse(fault.WrongState, name, "the field is not changed in state %q", s.view.State).
				With("state", s.view.State).With("event", s.command.Event)
		}
		terms = terms || !slices.Contains(unsigned, name)
	}
	if refusal := s.retext(&b); refusal != nil {
		return refusal
	}
	if !terms {
		return nil
	}
	s.data.TermsChanged++
	s.unsign()
	return s.renew(&b)
}

// fieldsOf names what a change is about.
func fieldsOf(b *flowv1.TaskChange) []string {
	named := slices.Clone(b.Fields)
	for name, given := range map[string]bool{
		fieldPrice: b.Price != "", fieldKind: b.Kind != kindUnspecified, fieldActRequired: b.ActRequired != nil,
		fieldPeriod: b.PeriodFrom != "" || b.PeriodTo != "" || b.PeriodDays != 0,
	} {
		if given && !slices.Contains(named, name) {
			named = append(named, name)
		}
	}
	slices.Sort(named) // the first refusal does not depend on a map's order
	return named
}

// retext takes the new version of the texts, if it was made of the one that counts.
func (s *step) retext(b *flowv1.TaskChange) *fault.Refusal {
	named := slices.ContainsFunc(b.Fields, func(name string) bool { return slices.Contains(textFields, name) })
	switch now := TextVersion(s.data); {
	case named != (b.TextVersion != 0):
		return fault.Refuse(fault.Malformed, "text_version", "a version of the texts and the fields that it changes go together")
	case !named:
		return nil
	case b.TextBase != now || b.TextVersion <= now:
		return fault.Refuse(fault.WrongState, "text_version", "another change was faster: the texts are at version %d", now).
			With("state", s.view.State).With("event", s.command.Event)
	}
	s.data.TextVersion = b.TextVersion
	return nil
}

// renew changes the terms in the data, forecasts the sums anew and, of a contract that
// was signed outside or of work that is done, asks for room under the cap again.
func (s *step) renew(b *flowv1.TaskChange) *fault.Refusal {
	d := s.data
	if b.Price != "" {
		price, refusal := readPrice(b.Price)
		if refusal != nil {
			return refusal
		}
		if b.PriceKind == flowv1.PriceKind_PRICE_KIND_UNSPECIFIED {
			return fault.Refuse(fault.Malformed, "price_kind", "gross or net must be said")
		}
		d.Price, d.PriceKind = price, b.PriceKind
	}
	if k := b.Kind; k != kindUnspecified && k != d.Kind {
		if d.ExecutorId != "" {
			return fault.Refuse(fault.KindMismatch, fieldKind, "the task is for %s, the executor is %s", kindOf(k), kindOf(d.Kind)).
				With("task", string(kindOf(k))).With("executor", string(kindOf(d.Kind)))
		}
		d.Kind = k
		if d.Offer != nil {
			d.Offer.Kind = k
		}
	}
	if b.PeriodFrom != "" || b.PeriodTo != "" || b.PeriodDays != 0 {
		if refusal := s.reperiod(b); refusal != nil {
			return refusal
		}
	}
	if b.ActRequired != nil {
		if d.ActRequired = b.GetActRequired(); d.ActRequired && d.WorkDone {
			return fault.Refuse(fault.WrongState, fieldActRequired, "the work is done already: it needs no act").
				With("state", s.view.State).With("event", s.command.Event)
		}
	}
	if d.ExecutorId == "" {
		return nil
	}
	nonresident := strings.HasPrefix(d.Sum.GetRule(), "ndfl-"+string(tax.Nonresident)+"@") // the forecast knows, the data not yet
	sum, refusal := s.price(&flowv1.ExecutorStamp{Kind: d.Kind, Nonresident: nonresident}, d.Sum.GetTariff())
	if refusal != nil {
		return refusal
	}
	d.Sum, d.Error = sum, nil
	if (s.manual() || d.WorkDone) && s.capped() {
		s.hold(changeHeld)
	}
	return nil
}

// reperiod fixes the days anew; a first day that is not said stays, and so does a last
// one when neither it nor a duration is.
func (s *step) reperiod(b *flowv1.TaskChange) *fault.Refusal {
	from, to := b.PeriodFrom, b.PeriodTo
	if from == "" {
		from = s.data.PeriodFrom
	}
	if to == "" && b.PeriodDays == 0 {
		to = s.data.PeriodTo
	}
	return s.period(from, to, b.PeriodDays)
}

// remove deletes a draft: nothing was agreed, so nothing has to be undone.
func (s *step) remove() *fault.Refusal {
	if refusal := s.holding(); refusal != nil && s.view.State == Draft {
		return refusal
	}
	s.data.Error, s.data.Offer = nil, nil
	return nil
}
