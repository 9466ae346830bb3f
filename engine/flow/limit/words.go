package limit

import (
	"fmt"
	"strings"

	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Way is the word of a way: account, sbp, card, any.
func Way(w flowv1.PayoutWay) string { return word(ways, w) }

// Scope is the word of a scope: payment, counterparty day …
func Scope(s flowv1.LimitScope) string { return word(scopes, s) }

// WayOf and ScopeOf read the words; false when there is no such word.
func WayOf(text string) (flowv1.PayoutWay, bool) { w, ok := ways[text]; return w, ok }

// ScopeOf reads the word of a scope.
func ScopeOf(text string) (flowv1.LimitScope, bool) { s, ok := scopes[text]; return s, ok }

func word[W comparable](all map[string]W, of W) string {
	for text, w := range all {
		if w == of {
			return text
		}
	}
	return ""
}

// Setters names whose a limit is.
var Setters = map[flowv1.LimitSetter]string{byTable: "table", byHouse: "house", byFirm: "company"}

// russian names the scopes for people.
var russian = map[flowv1.LimitScope]string{
	ofPayment:     "лимит одного платежа",
	ofPersonDay:   "лимит выплат одному исполнителю за день",
	ofPersonMonth: "лимит выплат одному исполнителю за месяц",
	ofFirmDay:     "лимит выплат компании за день",
	ofFirmMonth:   "лимит выплат компании за месяц",
}

var (
	byWay = map[flowv1.PayoutWay]string{
		flowv1.PayoutWay_PAYOUT_WAY_ACCOUNT: " на счёт", flowv1.PayoutWay_PAYOUT_WAY_SBP: " по СБП", flowv1.PayoutWay_PAYOUT_WAY_CARD: " на карту",
	}
	bySetter = map[flowv1.LimitSetter]string{byHouse: " (договор с банком)", byFirm: " (условия компании)"}
)

// Words say which limit stopped a payment, its amount and what is free, in Russian.
func Words(s *flowv1.LimitShort) string {
	l := s.GetLimit()
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if l.GetLeast() != "" {
		add("не меньше %s ₽", l.GetLeast())
	}
	if l.GetMost() != "" {
		add("не больше %s ₽", l.GetMost())
	}
	if l.GetCount() > 0 {
		add("платежей не больше %d", l.GetCount())
	}
	if l.GetScope() != ofPayment {
		if s.GetFree() != "" {
			add("свободно %s ₽", s.GetFree())
		}
		if l.GetCount() > 0 {
			add("свободно платежей %d", s.GetFreeCount())
		}
	}
	return russian[l.GetScope()] + byWay[l.GetWay()] + bySetter[l.GetSetter()] + ": " + strings.Join(parts, ", ")
}
