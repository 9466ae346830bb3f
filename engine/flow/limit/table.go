package limit

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed limit.md
var document string

// Short names of the generated words.
const (
	anyWay = flowv1.PayoutWay_PAYOUT_WAY_UNSPECIFIED

	ofPayment     = flowv1.LimitScope_LIMIT_SCOPE_PAYMENT
	ofPersonDay   = flowv1.LimitScope_LIMIT_SCOPE_COUNTERPARTY_DAY
	ofPersonMonth = flowv1.LimitScope_LIMIT_SCOPE_COUNTERPARTY_MONTH
	ofFirmDay     = flowv1.LimitScope_LIMIT_SCOPE_COMPANY_DAY
	ofFirmMonth   = flowv1.LimitScope_LIMIT_SCOPE_COMPANY_MONTH

	byTable = flowv1.LimitSetter_LIMIT_SETTER_UNSPECIFIED
	byHouse = flowv1.LimitSetter_LIMIT_SETTER_HOUSE
	byFirm  = flowv1.LimitSetter_LIMIT_SETTER_COMPANY
)

// ways and scopes are the words of the table, of the configuration and of the API.
var (
	ways = map[string]flowv1.PayoutWay{
		"any": anyWay, "account": flowv1.PayoutWay_PAYOUT_WAY_ACCOUNT, "sbp": flowv1.PayoutWay_PAYOUT_WAY_SBP, "card": flowv1.PayoutWay_PAYOUT_WAY_CARD,
	}
	scopes = map[string]flowv1.LimitScope{
		"payment": ofPayment, "counterparty day": ofPersonDay, "counterparty month": ofPersonMonth, "company day": ofFirmDay, "company month": ofFirmMonth,
	}
)

// Row is a dated limit.
type Row struct {
	From, To string // days, YYYY-MM-DD; To "" is for ever
	Limit    *flowv1.PaymentLimit
	Source   string
	Meaning  string
}

// on says whether the row is of a day.
func (r *Row) on(day string) bool { return r.From <= day && (r.To == "" || day <= r.To) }

var table = mustParse(document)

func mustParse(text string) []Row {
	rows, err := parse(text)
	if err != nil {
		panic(err)
	}
	return rows
}

func parse(text string) ([]Row, error) {
	tables, err := machine.ParseTables("engine/flow/limit/limit.md", text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Limits")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("From", "To", "Way", "Scope", "Least", "Most", "Count", "Source", "Meaning"); err != nil {
		return nil, err
	}
	var rows []Row
	for _, r := range t.Rows {
		row, err := NewRow(r.Cell("From"), r.Cell("To"), r.Cell("Way"), r.Cell("Scope"), r.Cell("Least"), r.Cell("Most"), r.Cell("Count"))
		if err != nil {
			return nil, r.Errorf("%w", err)
		}
		if row.Source, row.Meaning = r.Cell("Source"), r.Cell("Meaning"); row.Source == "" || row.Meaning == "" {
			return nil, r.Errorf("a limit has a source and a meaning")
		}
		rows = append(rows, row)
	}
	return rows, Distinct(rows)
}

// NewRow reads a row as people write it: ways account, sbp, card, any; scopes payment,
// counterparty day, counterparty month, company day, company month.
func NewRow(from, to, way, scope, least, most, count string) (Row, error) {
	w, ok := ways[way]
	s, known := scopes[scope]
	r := Row{From: from, To: to, Limit: &flowv1.PaymentLimit{Way: w, Scope: s, Least: least, Most: most}}
	for _, day := range []string{from, to} {
		if _, err := time.Parse(time.DateOnly, day); err != nil && (day != "" || from == "") {
			return r, fmt.Errorf("day %q is not YYYY-MM-DD", day)
		}
	}
	switch {
	case !ok:
		return r, fmt.Errorf("way %q is none of account, sbp, card, any", way)
	case !known:
		return r, fmt.Errorf("scope %q is none of payment, counterparty day, counterparty month, company day, company month", scope)
	case to != "" && to < from:
		return r, fmt.Errorf("it ends on %s, before %s", to, from)
	}
	if count != "" {
		n, err := strconv.ParseUint(count, 10, 31)
		if err != nil || n == 0 {
			return r, fmt.Errorf("count %q is not a number from 1", count)
		}
		r.Limit.Count = uint32(n)
	}
	if refusal := Check("", r.Limit); refusal != nil {
		return r, refusal
	}
	return r, nil
}

// Distinct refuses two rows of one way and scope that share a day.
func Distinct(rows []Row) error {
	for i, a := range rows {
		for _, b := range rows[:i] {
			if same(a.Limit, b.Limit) && (b.To == "" || a.From <= b.To) && (a.To == "" || b.From <= a.To) {
				return fmt.Errorf("two limits of way %s and scope %s hold on one day", Way(a.Limit.Way), Scope(a.Limit.Scope))
			}
		}
	}
	return nil
}

// same says whether two limits are about the same.
func same(a, b *flowv1.PaymentLimit) bool {
	return a.GetWay() == b.GetWay() && a.GetScope() == b.GetScope()
}

// Check says what is wrong with a limit, by field under a prefix, and writes its sums with
// all their places.
func Check(prefix string, l *flowv1.PaymentLimit) *fault.Refusal {
	if _, ok := russian[l.GetScope()]; !ok {
		return fault.Refuse(fault.Malformed, prefix+"scope", "a limit is of a payment, a counterparty's day or month, or the company's day or month")
	}
	sums := map[string]*string{"least": &l.Least, "most": &l.Most}
	for _, name := range []string{"least", "most"} {
		text := *sums[name]
		if text == "" {
			continue
		}
		a, err := money.RUB.Parse(text)
		if err != nil || a.Sign() <= 0 {
			return fault.Refuse(fault.AmountInvalid, prefix+name, "%.64q is not a positive amount of rubles", text)
		}
		*sums[name] = money.RUB.Format(a)
	}
	switch one := l.GetScope() == ofPayment; {
	case !one && l.GetLeast() != "":
		return fault.Refuse(fault.Malformed, prefix+"least", "only a payment has a least sum")
	case one && l.GetCount() > 0:
		return fault.Refuse(fault.Malformed, prefix+"count", "only a day or a month has a number of payments")
	case l.GetLeast() == "" && l.GetMost() == "" && l.GetCount() == 0:
		return fault.Refuse(fault.Malformed, prefix+"most", "it limits nothing: a limit has a sum or a number of payments")
	case l.GetLeast() != "" && l.GetMost() != "" && rubles(l.GetLeast()).Cmp(rubles(l.GetMost())) > 0:
		return fault.Refuse(fault.AmountInvalid, prefix+"least", "the least sum is above the most")
	}
	return nil
}

// Terms are limits that somebody wants beside others, one of each way and scope, checked.
func Terms(prefix string, all []*flowv1.PaymentLimit) *fault.Refusal {
	for i, l := range all {
		at := fmt.Sprintf("%s[%d].", prefix, i)
		if refusal := Check(at, l); refusal != nil {
			return refusal
		}
		if slices.ContainsFunc(all[:i], func(o *flowv1.PaymentLimit) bool { return same(o, l) }) {
			return fault.Refuse(fault.Malformed, at+"scope", "there is a limit of way %s and scope %s already", Way(l.GetWay()), Scope(l.GetScope()))
		}
	}
	return nil
}

// House are the limits of the house's contract with its bank.
type House []Row

// Stamp is what a command that pays says: the house's limits of a day and the company's.
func (h House) Stamp(company []*flowv1.PaymentLimit, day string) []*flowv1.PaymentLimit {
	var all []*flowv1.PaymentLimit
	for _, r := range h {
		if r.on(day) {
			all = append(all, &flowv1.PaymentLimit{
				Setter: byHouse, Way: r.Limit.Way, Scope: r.Limit.Scope, Least: r.Limit.Least, Most: r.Limit.Most, Count: r.Limit.Count,
			})
		}
	}
	return append(all, company...)
}

// InForce are the limits of a payment of a day that goes by a way: what is stamped, and the
// table's rows that the house has none in the place of.
func InForce(way flowv1.PayoutWay, day string, stamped []*flowv1.PaymentLimit) []*flowv1.PaymentLimit {
	return standing(table, day, stamped, func(l *flowv1.PaymentLimit) bool { return l.GetWay() == anyWay || l.GetWay() == way })
}

// All are the limits of a day whatever the way, for readers.
func All(day string, stamped []*flowv1.PaymentLimit) []*flowv1.PaymentLimit {
	return standing(table, day, stamped, func(*flowv1.PaymentLimit) bool { return true })
}

func standing(rows []Row, day string, stamped []*flowv1.PaymentLimit, meant func(*flowv1.PaymentLimit) bool) []*flowv1.PaymentLimit {
	var all []*flowv1.PaymentLimit
	for i := range rows {
		r := &rows[i]
		replaced := func(l *flowv1.PaymentLimit) bool { return l.GetSetter() == byHouse && same(l, r.Limit) }
		if meant(r.Limit) && r.on(day) && !slices.ContainsFunc(stamped, replaced) {
			all = append(all, r.Limit)
		}
	}
	for _, l := range stamped {
		if meant(l) {
			all = append(all, l)
		}
	}
	return all
}

// Payment refuses a payment that is outside the table's limits of one payment of a day.
func Payment(p port.Payment, day string) *fault.Refusal {
	for _, l := range InForce(ways[string(p.To.Way())], day, nil) {
		if l.GetScope() == ofPayment && Outside(l, p.Amount, p.Amount) {
			return Refuse(&flowv1.LimitShort{Limit: l}, p.Amount)
		}
	}
	return nil
}

// rubles reads an amount that was checked before; "" is zero.
func rubles(text string) money.Amount {
	if text == "" {
		return money.New(0, money.RUB.Scale)
	}
	a, err := money.RUB.Parse(text)
	if err != nil {
		panic("limit: its own data: " + err.Error())
	}
	return a
}
