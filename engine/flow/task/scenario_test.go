package task

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/flow/limit"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var kinds = map[string]flowv1.EmploymentKind{
	"selfemployed": selfEmployed, "civil_contract": civilContract, "entrepreneur": entrepreneur,
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	flowtest.Scenarios(t, script())
}

func script() flowtest.Script {
	return flowtest.Script{
		Spec: flowtest.Spec{
			Flow: it, ID: "t1", Day: "2026-03-02", Once: []string{pay, registerIncome}, Tells: []string{tellYear, tellLimit, retryItself, tellSign, stampFile}, Reply: reply(false), Undoes: undoes,
			Owners: map[string]string{"company": "romashka", "task": "t1", "executor": "ivanov"},
		},
		Command: command, Show: show,
	}
}

// command reads a line: create KIND gross|net PRICE [act] [autocomplete] [manual] [link],
// assign KIND, offer circle WHO … | known | all [until DAY], accept WHO KIND TERMS [known] [no_requisites], decline WHO, change [FIELD ...] [gross|net PRICE] [act|no_act] [KIND] [from|to DAY],
// sign|countersign|act_sign|act_sign_executor [file DIGIT] [TERMS],
// pay|retry [KIND] PERCENT% [MINIMUM] [no_requisites] [no_passport] [account|sbp|card] [limit=SCOPE:MOST[:COUNT] of the company …]
// [house=SCOPE:MOST of its bank …], or a bare event.
func command(w *flowtest.World, words []string) (flow.Command, error) {
	c := flow.Command{Event: words[0], Actor: "company"}
	has := func(word string) bool { return slices.Contains(words, word) }
	switch words[0] {
	case Create:
		if len(words) < 4 {
			return c, fmt.Errorf("create KIND gross|net PRICE")
		}
		b := &flowv1.TaskCreate{
			CompanyId: "romashka", Price: words[3], PriceKind: gross, ActRequired: has("act"), Autocomplete: has("autocomplete"), SendLink: has("link"),
		}
		if words[2] == "net" {
			b.PriceKind = net
		}
		if has("manual") {
			b.SignatureForm = FormOf("17", "2026-03-01")
		}
		if k, ok := kinds[words[1]]; ok {
			b.ExecutorId, b.Executor = "ivanov", stamp(k, 1)
		}
		c.Body = body(b)
	case Change:
		b, err := changeOf(read(w.View.Data), words[1:])
		if err != nil {
			return c, err
		}
		c.Body = body(b)
	case Sign, Countersign, ActSign, ActSignExecutor:
		b := &flowv1.TaskSign{}
		if len(words) > 1 && words[1] == "file" {
			b, words = signed(words[2]), words[2:]
		}
		if len(words) > 1 {
			if _, err := fmt.Sscan(words[1], &b.Terms); err != nil {
				return c, err
			}
		}
		c.Body = body(b)
	case Offer, Accept, Decline:
		return offerCommand(c, words)
	case Assign:
		c.Body = body(&flowv1.TaskAssign{ExecutorId: "ivanov", Executor: stamp(kinds[words[1]], 1)})
	case Pay, Retry:
		automatic := has("automatic")
		if automatic {
			words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "automatic" })
		}
		b := &flowv1.TaskPay{Executor: stamp(read(w.View.Data).Kind, 1), Tariff: &flowv1.Tariff{From: "2024-01-01"}}
		for _, word := range words[1:] {
			switch {
			case word == "no_requisites":
				b.Executor.RequisitesVersion = 0
			case word == "no_passport":
				b.Executor.Unidentified = true
			case strings.HasSuffix(word, "%"):
				b.Tariff.Percent = strings.TrimSuffix(word, "%")
			case kinds[word] != 0:
				b.Executor.Kind = kinds[word]
			case word == "account", word == "sbp", word == "card":
				b.Executor.Way, _ = limit.WayOf(word)
			case strings.HasPrefix(word, "limit="), strings.HasPrefix(word, "house="):
				l, err := limitOf(word)
				if err != nil {
					return c, err
				}
				b.Limits = append(b.Limits, l)
			default:
				b.Tariff.Minimum = word
			}
		}
		b.Automatic = automatic
		c.Body = body(b)
	}
	return c, nil
}

// limitOf reads limit=company_day:1000.00, limit=counterparty_day::3 or house=payment:100.00.
func limitOf(word string) (*flowv1.PaymentLimit, error) {
	setter, text, _ := strings.Cut(word, "=")
	parts := append(strings.Split(text, ":"), "", "")
	row, err := limit.NewRow("2024-01-01", "", "any", strings.ReplaceAll(parts[0], "_", " "), "", parts[1], parts[2])
	if row.Limit.Setter = flowv1.LimitSetter_LIMIT_SETTER_COMPANY; setter == "house" {
		row.Limit.Setter = flowv1.LimitSetter_LIMIT_SETTER_HOUSE
	}
	return row.Limit, err
}

// changeOf reads the words of a change; fields of the texts become the next version.
func changeOf(d *flowv1.TaskData, words []string) (*flowv1.TaskChange, error) {
	b := &flowv1.TaskChange{}
	for i := 0; i < len(words); i++ {
		word := words[i]
		pair := slices.Contains([]string{"gross", "net", "from", "to"}, word)
		if pair && i+1 == len(words) {
			return nil, fmt.Errorf("%s of what?", word)
		}
		switch {
		case word == "gross":
			b.PriceKind, b.Price = gross, words[i+1]
		case word == "net":
			b.PriceKind, b.Price = net, words[i+1]
		case word == "from":
			b.PeriodFrom = words[i+1]
		case word == "to":
			b.PeriodTo = words[i+1]
		case word == "act", word == "no_act":
			b.ActRequired = new(word == "act")
		case kinds[word] != 0:
			b.Kind = kinds[word]
		case word == "stale":
			b.TextBase = TextVersion(d) + 7
		default:
			b.Fields = append(b.Fields, word)
		}
		if pair {
			i++
		}
	}
	if len(b.Fields) > 0 {
		b.TextVersion = TextVersion(d) + 1
		if b.TextBase == 0 {
			b.TextBase = TextVersion(d)
		}
	}
	return b, nil
}

// show tells what finance asks about a task.
func show(data []byte) []string {
	d := read(data)
	var lines []string
	if s := d.Sum; s != nil {
		lines = append(lines, fmt.Sprintf("gross %s = payout %s + tax %s by %s on %s, commission %s",
			zero(s.Gross), zero(s.Payout), zero(s.Tax), s.Rule, s.Day, zero(s.Commission)))
	}
	if d.TermsChanged > 0 || d.TextVersion > 0 {
		lines = append(lines, fmt.Sprintf("terms %d, texts %d, %s to %s", Terms(d), TextVersion(d), d.PeriodFrom, d.PeriodTo))
	}
	if o := d.Offer; o != nil {
		lines = append(lines, fmt.Sprintf("offered to %v, declined %d, until %q", audience(d), o.Declined, o.ExpiresAt))
		for _, r := range o.Refused {
			lines = append(lines, fmt.Sprintf("refused %s: %s, %s are free", r.ExecutorId, r.Error.Code, r.Error.Free))
		}
	}
	for _, side := range []struct {
		name string
		s    *flowv1.Signature
	}{{"agreement, executor", d.AgreementExecutor}, {"agreement, customer", d.AgreementCustomer}, {"act, executor", d.ActExecutor}, {"act, customer", d.ActCustomer}} {
		if side.s != nil {
			line := fmt.Sprintf("%s: file %.1s by %s at %s", side.name, side.s.Sha256, side.s.Method, side.s.At)
			if side.s.StampedSha256 != "" {
				line += fmt.Sprintf(", with stamps %.8s", side.s.StampedSha256)
			}
			lines = append(lines, line)
		}
	}
	if d.Error != nil {
		retry := "a retry does not help"
		if d.Error.RetryHelps {
			retry = "a retry helps"
		}
		if d.Error.Free != "" {
			retry += "; " + d.Error.Free + " are free"
		}
		if d.Error.RetryAt != "" {
			retry += fmt.Sprintf(" by itself at %s, after %d tries", d.Error.RetryAt, d.Again.GetTries())
		}
		lines = append(lines, fmt.Sprintf("error %s: %s; %s acts; %s", d.Error.Code, d.Error.Words, d.Error.Actor, retry))
	}
	if a := Receipt(d); a != nil {
		lines = append(lines, "receipt "+a.ReceiptId)
	}
	if y := d.Year; y != nil {
		stages := map[flowv1.YearStage]string{stageHeld: "held", stageTaken: "taken", stageRegistered: "registered"}
		line := fmt.Sprintf("year %d: %s %s", y.Year, y.Gross, stages[y.Stage])
		for _, part := range [][2]string{{"tax", y.Tax}, {"bonus", y.Bonus}, {"contributions", y.Contributions}} {
			if part[1] != "" {
				line += ", " + part[0] + " " + part[1]
			}
		}
		lines = append(lines, line)
	}
	if d.TaxDifference != "" {
		lines = append(lines, "tax difference owed by the person "+d.TaxDifference)
	}
	for _, at := range []struct {
		name   string
		counts []*flowv1.PaymentCount
	}{{"person", d.CountedPerson}, {"company", d.CountedCompany}} {
		for _, c := range at.counts {
			lines = append(lines, fmt.Sprintf("counted of the %s on %s: %s by %s of %s", at.name, c.Day, c.Amount, limit.Way(c.Way), c.CompanyId))
		}
	}
	if d.OwedBack != "" {
		lines = append(lines, "owed back "+d.OwedBack)
	}
	if d.Attention {
		lines = append(lines, "support looks")
	}
	return lines
}
