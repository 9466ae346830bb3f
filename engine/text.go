package engine

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/provodka/provodka/ledger"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// answerPrefix begins the keys under which answers of the world are remembered.
// No caller may use it: an answer whose key is taken would be dropped as known.
const answerPrefix = "answer:"

// What the house does on its own account has keys that anybody could work out: a caller
// who took one beforehand would stand in its way, and may not.
const (
	EffectKey   = "effect:" // begins the key of what an effect does to another aggregate: its attempt follows
	ActorEffect = "effect"  // who asks then

	auditPrefix  = "audit:"
	actorAuditor = "auditor"
)

// faultyText says whether a text cannot be kept: the log takes UTF-8 only, and the
// database no NUL. One such text would fail the whole batch that it is read with.
func faultyText(s string) bool {
	return strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s)
}

// faultyCommand names the first field of a command whose text cannot be kept; ""
// when there is none. text_test.go holds it to every field that there is.
func faultyCommand(c *commandv1.Command) string {
	if f := firstFaulty("id", c.GetId(), "process", c.GetProcess(), "actor", c.GetActor(), "book", c.GetBook()); f != "" {
		return f
	}
	for _, m := range c.GetElsewhere() {
		if f := firstFaulty("account", m.GetAccount(), "asset", m.GetAsset(), "debit", m.GetDebit(), "credit", m.GetCredit(),
			"held_debit", m.GetHeldDebit(), "held_credit", m.GetHeldCredit(), "limit", m.GetLimit()); f != "" {
			return "elsewhere." + f
		}
	}
	switch what := c.GetWhat().(type) {
	case *commandv1.Command_Operations:
		for i, op := range what.Operations.GetList() {
			if f := faultyOperation(op); f != "" {
				return fmt.Sprintf("operations[%d].%s", i, f)
			}
		}
	case *commandv1.Command_Answer:
		a := what.Answer
		return firstFaulty("attempt", a.GetAttempt(), "result", a.GetResult(), "status", a.GetStatus(), "event", a.GetEvent(),
			"code", a.GetCode(), "reason", a.GetReason(), "receipt_id", a.GetReceiptId(), "receipt_link", a.GetReceiptLink(),
			"tax", a.GetTax(), "bonus", a.GetBonus())
	case *commandv1.Command_Due:
		for _, t := range what.Due.GetTimers() {
			if f := firstFaulty("id", t.GetId(), "flow", t.GetFlow(), "aggregate", t.GetAggregate(), "event", t.GetEvent()); f != "" {
				return "timers." + f
			}
		}
	case *commandv1.Command_Found:
		return firstFaulty("account", what.Found.GetAccount())
	}
	return ""
}

// faultyOperation is faultyCommand for one operation.
func faultyOperation(op *commandv1.Operation) string {
	if faultyText(op.GetKey()) {
		return "key"
	}
	for i, c := range op.GetConditions() {
		if f := firstFaulty("account", c.GetAccount(), "asset", c.GetAsset(), "available", c.GetAtLeast()); f != "" {
			return fmt.Sprintf("conditions[%d].%s", i, f)
		}
	}
	switch what := op.GetWhat().(type) {
	case *commandv1.Operation_Open:
		return firstFaulty("account", what.Open.GetAccount())
	case *commandv1.Operation_Post:
		return faultyPost(what.Post)
	case *commandv1.Operation_Reverse:
		r := what.Reverse
		return firstOf(firstFaulty("part", r.GetPart(), "kind", r.GetKind(), "day", r.GetDay()),
			faultyAmounts("by_leg", r.GetByLeg()), faultyAmounts("legs", r.GetLegs()...),
			faultyWords("metadata", r.GetMetadata()), faultyWords("links", r.GetLinks()))
	case *commandv1.Operation_Correct:
		return faultyPost(what.Correct.GetPost())
	case *commandv1.Operation_Exchange:
		x := what.Exchange
		return firstOf(firstFaulty("rate", x.GetRate(), "source", x.GetSource(), "rounding", x.GetRounding(), "kind", x.GetKind(), "day", x.GetDay()),
			faultyLegs("legs", ledger.ExchangeLegs(x)), faultyWords("metadata", x.GetMetadata()), faultyWords("links", x.GetLinks()))
	case *commandv1.Operation_Place:
		p := what.Place
		return firstFaulty("account", p.GetAccount(), "asset", p.GetAsset(), "amount", p.GetAmount())
	case *commandv1.Operation_Settle:
		s := what.Settle
		return firstOf(firstFaulty("amount", s.GetAmount(), "over_limit", s.GetOverLimit()), faultySettlement(s))
	case *commandv1.Operation_SettleLate:
		return firstOf(firstFaulty("amount", what.SettleLate.GetAmount()), faultySettlement(what.SettleLate))
	case *commandv1.Operation_Resize:
		return firstFaulty("increase", what.Resize.GetIncrease(), "decrease", what.Resize.GetDecrease())
	case *commandv1.Operation_Flow:
		f := what.Flow
		return firstFaulty("flow", f.GetFlow(), "id", f.GetId(), "event", f.GetEvent(), "owner", f.GetOwner())
	case *commandv1.Operation_Change:
		return faultyChange(what.Change)
	case *commandv1.Operation_Period:
		return firstFaulty("through", what.Period.GetThrough(), "reason", what.Period.GetReason())
	case *commandv1.Operation_Ask:
		if p := what.Ask.GetPeriod(); p != nil {
			return firstFaulty("through", p.GetThrough(), "reason", p.GetReason())
		}
		return firstOf(faultyChange(what.Ask.GetChange()), faultyPolicy(what.Ask.GetPolicy()))
	case *commandv1.Operation_Policy:
		return faultyPolicy(what.Policy)
	case *commandv1.Operation_Verdict:
		return firstFaulty("reason", what.Verdict.GetReason())
	}
	return ""
}

// firstFaulty names the first faulty text of pairs of field and text.
func firstFaulty(pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if faultyText(pairs[i+1]) {
			return pairs[i]
		}
	}
	return ""
}

func firstOf(fields ...string) string {
	for _, f := range fields {
		if f != "" {
			return f
		}
	}
	return ""
}

func faultyChange(c *commandv1.ChangeAccount) string {
	return firstFaulty("account", c.GetAccount(), "reason", c.GetReason(), "asset", c.GetAsset(), "limit", c.GetLimit())
}

func faultyPolicy(p *commandv1.ChangePolicy) string {
	for _, change := range p.GetTwo() {
		if faultyText(change) {
			return "two"
		}
	}
	return firstFaulty("reason", p.GetReason())
}

func faultyPost(p *commandv1.Post) string {
	return firstOf(firstFaulty("kind", p.GetKind(), "day", p.GetDay()), faultyLegs("legs", p.GetLegs()),
		faultyWords("metadata", p.GetMetadata()), faultyWords("links", p.GetLinks()))
}

func faultySettlement(s interface {
	GetKind() string
	GetDay() string
	GetCredits() []*commandv1.Leg
	GetMetadata() map[string]string
}) string {
	return firstOf(firstFaulty("kind", s.GetKind(), "day", s.GetDay()), faultyLegs("credits", s.GetCredits()),
		faultyWords("metadata", s.GetMetadata()))
}

func faultyAmounts(field string, list ...*commandv1.LegAmount) string {
	for _, l := range list {
		if faultyText(l.GetAmount()) {
			return field
		}
	}
	return ""
}

func faultyLegs(field string, legs []*commandv1.Leg) string {
	for i, l := range legs {
		if f := firstFaulty("account", l.GetAccount(), "asset", l.GetAsset(), "amount", l.GetAmount()); f != "" {
			return fmt.Sprintf("%s[%d].%s", field, i, f)
		}
	}
	return ""
}

func faultyWords(field string, words map[string]string) string {
	for k, v := range words {
		if faultyText(k) || faultyText(v) {
			return field
		}
	}
	return ""
}

// cleanText is a foreign text as the log can take it: UTF-8, no NUL, not endless.
// What a bank writes in its own encoding must not stop the loop.
func cleanText(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
	if len(s) <= maxForeignText {
		return s
	}
	cut := maxForeignText
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}

// cleanWords is what a partner says to people, as the log can take it: the log is for ever, and
// a bank may name a person in it by the number of an account, a phone or an INN. The last
// digits stay, so that a person who looks knows which one was meant.
func cleanWords(s string) string {
	return longNumber.ReplaceAllStringFunc(cleanText(s), func(number string) string {
		if dayBegins.MatchString(number) {
			return number // and an hour
		}
		digits := strings.NewReplacer(" ", "", "\u00a0", "", "-", "", "(", "", ")", "").Replace(number)
		return "****" + digits[len(digits)-4:]
	})
}

// longNumber is ten digits and more, also in groups: an INN, a SNILS, a phone, a card, an account.
var longNumber = regexp.MustCompile(`\d(?:[ \x{a0}()-]{0,2}\d){9,}`)

var dayBegins = regexp.MustCompile(`^\d{4}-\d{2}-\d{2} ?\d{0,2}$`)

// maxForeignText bounds each text of the world's answer, in bytes.
const maxForeignText = 4 << 10
