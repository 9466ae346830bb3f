package company

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed company.md
var document string

// Name is the flow's name.
const Name = "company"

// States.
const (
	Registered      = "registered"
	AwaitingDeposit = "awaiting_deposit"
	Active          = "active"
)

// Commands, with their bodies.
const (
	Register   = "register"    // CompanyRegister
	Accept     = "accept"      // CompanyAccept
	Deposit    = "deposit"     // CompanyDeposit
	SetTariff  = "set_tariff"  // CompanySetTariff
	SetLimits  = "set_limits"  // CompanySetLimits
	SetProfile = "set_profile" // CompanySetProfile
)

// Rows that Decide chooses; company.md says what each means.
const (
	acceptSecured = "accept_secured"
	depositFull   = "deposit_full"
	depositAgain  = "deposit_again"
)

// Answers and asks; company.md says what each means.
const (
	told             = "told"
	tellRefused      = "tell_refused"
	tellUnknown      = "tell_unknown"
	tellRegistration = "tell_registration"

	closingOpened  = "closing_opened"
	closingRefused = "closing_refused"
	closingUnknown = "closing_unknown"
	openClosing    = "open_closing"
)

var words = flow.Words{
	States: []string{Registered, AwaitingDeposit, Active},
	Events: []string{Register, Accept, Deposit, SetTariff, SetLimits, SetProfile, acceptSecured, depositFull, depositAgain, told, tellRefused, tellUnknown, closingOpened, closingRefused, closingUnknown},
	Asks:   []string{tellRegistration, openClosing},
}

// New gives the flow of company.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	return flow.MustParse(Name, "engine/flow/company/company.md", document, decide, words)
}

// TariffOn is what a task of a kind of employment is charged on a day, YYYY-MM-DD; nil when
// there is no tariff yet. Commands that pay a task are stamped with it.
func TariffOn(d *flowv1.CompanyData, day string, kind flowv1.EmploymentKind) *flowv1.Tariff {
	t := WholeTariff(d, day)
	if t == nil {
		return nil
	}
	charged := &flowv1.Tariff{From: t.From, Percent: t.Percent, Minimum: t.Minimum}
	for _, k := range t.Kinds {
		if k.Kind == kind {
			charged.Percent, charged.Minimum = k.Percent, k.Minimum
		}
	}
	return charged
}

// WholeTariff is the tariff that holds on a day with what it says of single kinds of employment.
func WholeTariff(d *flowv1.CompanyData, day string) *flowv1.Tariff {
	var found *flowv1.Tariff
	for _, t := range d.GetTariffs() { // ascending
		if t.From <= day {
			found = t
		}
	}
	return found
}

// LimitsOn are the limits of the company's own that hold on a day, YYYY-MM-DD. Commands that
// pay a task are stamped with them.
func LimitsOn(d *flowv1.CompanyData, day string) []*flowv1.PaymentLimit {
	var found []*flowv1.PaymentLimit
	for _, l := range d.GetLimits() { // ascending
		if l.GetFrom() <= day {
			found = l.GetLimits()
		}
	}
	return found
}

// decide is the flow's Decide.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	d := flow.ReadData(v, &flowv1.CompanyData{})
	on, refusal := c.Event, (*fault.Refusal)(nil)
	switch c.Event {
	case Register:
		var b flowv1.CompanyRegister
		if refusal = flow.ReadBody(c, &b); refusal == nil {
			d.RegisteredDay, d.Registration = v.Day, b.Registration
			refusal = profile(d, b.ProfileVersion)
		}
	case SetProfile:
		var b flowv1.CompanySetProfile
		if refusal = flow.ReadBody(c, &b); refusal == nil {
			refusal = profile(d, b.ProfileVersion)
		}
	case Accept:
		on, refusal = accept(v, c, d)
	case Deposit:
		on, refusal = deposit(v, c, d)
	case SetTariff:
		var b flowv1.CompanySetTariff
		if refusal = flow.ReadBody(c, &b); refusal == nil {
			refusal = setTariff(v, d, b.Tariff)
		}
	case SetLimits:
		refusal = setLimits(v, c, d)
	case told, tellRefused, tellUnknown, closingOpened, closingRefused, closingUnknown:
	default:
		refusal = flow.WrongState(v, c)
	}
	if refusal != nil {
		return flow.Decision{}, refusal
	}
	if on == acceptSecured || on == depositFull {
		d.ActiveDay = v.Day
	}
	out := flow.Decision{On: on, Data: flow.Bytes(d), Asks: map[string][]byte{}}
	if on == acceptSecured || on == depositFull {
		out.Asks[openClosing] = flow.Bytes(&flowv1.ClosingOpenAsk{Book: v.Book, CompanyId: v.ID, FromMonth: d.RegisteredDay[:len("2006-01")]})
	}
	if on == depositFull && d.Registration != "" {
		out.Asks[tellRegistration] = flow.Bytes(&flowv1.DepositFoundAsk{Book: v.Book, Registration: d.Registration})
	}
	return out, nil
}

// profile takes over a version that is above the kept one.
func profile(d *flowv1.CompanyData, version uint32) *fault.Refusal {
	if version <= d.ProfileVersion {
		return fault.Refuse(fault.WrongState, "profile_version", "version %d is not above the kept version %d", version, d.ProfileVersion)
	}
	d.ProfileVersion = version
	return nil
}

// accept takes the terms: a tariff and the deposit that is asked.
func accept(v flow.View, c flow.Command, d *flowv1.CompanyData) (string, *fault.Refusal) {
	var b flowv1.CompanyAccept
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return "", refusal
	}
	if v.State != Registered {
		return c.Event, nil // the table has no row: wrong_state
	}
	if b.Tariff == nil {
		return "", fault.Refuse(fault.Malformed, "tariff", "a tariff must be chosen")
	}
	required, err := money.RUB.Parse(b.DepositRequired)
	if err != nil || required.Sign() < 0 {
		return "", fault.Refuse(fault.AmountInvalid, "deposit_required", "%.64q is not an amount of rubles", b.DepositRequired)
	}
	if refusal := setTariff(v, d, b.Tariff); refusal != nil {
		return "", refusal
	}
	d.DepositRequired = money.RUB.Format(required)
	if secured(d) {
		return acceptSecured, nil
	}
	return c.Event, nil
}

// deposit counts the deposit of one statement line, once.
func deposit(v flow.View, c flow.Command, d *flowv1.CompanyData) (string, *fault.Refusal) {
	var b flowv1.CompanyDeposit
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return "", refusal
	}
	if refusal := flow.CheckID("line_id", b.LineId); refusal != nil {
		return "", refusal
	}
	if b.CompanyId != "" && b.CompanyId != v.ID {
		return "", fault.Refuse(fault.Malformed, "company_id", "the deposit is of %.64q", b.CompanyId)
	}
	sum, err := money.RUB.Parse(b.Amount)
	if err != nil || sum.Sign() <= 0 {
		return "", fault.Refuse(fault.AmountInvalid, "amount", "%.64q is not a positive amount of rubles", b.Amount)
	}
	if slices.Contains(d.DepositLines, b.LineId) {
		return depositAgain, nil
	}
	d.DepositLines = append(d.DepositLines, b.LineId)
	d.Deposit = money.RUB.Format(rubles(d.Deposit).Add(sum))
	if v.State == AwaitingDeposit && secured(d) {
		return depositFull, nil
	}
	return c.Event, nil
}

// DepositDue is how much of the deposit that was asked is not here yet; zero when all is.
func DepositDue(d *flowv1.CompanyData) money.Amount {
	return money.Max(rubles(d.DepositRequired).Sub(rubles(d.Deposit)), money.Zero)
}

// secured says whether the deposit that was asked is here.
func secured(d *flowv1.CompanyData) bool {
	return DepositDue(d).IsZero()
}

// setTariff stamps a tariff from a day on, today at the earliest. One that begins
// on a later day than the new one gives way to it.
func setTariff(v flow.View, d *flowv1.CompanyData, t *flowv1.Tariff) *fault.Refusal {
	set, refusal := Checked(t)
	if refusal != nil {
		return refusal
	}
	if set.From, refusal = from(v, "tariff.from", set.From); refusal != nil {
		return refusal
	}
	d.Tariffs = slices.DeleteFunc(d.Tariffs, func(o *flowv1.Tariff) bool { return o.From >= set.From })
	d.Tariffs = append(d.Tariffs, set)
	slices.SortFunc(d.Tariffs, func(a, b *flowv1.Tariff) int { return strings.Compare(a.From, b.From) })
	return nil
}

// Checked is a tariff with what it charges in one form: sums with all their places, kinds in order.
func Checked(t *flowv1.Tariff) (set *flowv1.Tariff, refusal *fault.Refusal) {
	set = &flowv1.Tariff{From: t.GetFrom(), Percent: t.GetPercent()}
	if set.Minimum, refusal = charge("tariff.", t); refusal != nil {
		return nil, refusal
	}
	for i, k := range t.GetKinds() {
		prefix := fmt.Sprintf("tariff.kinds[%d].", i)
		_, known := flowv1.EmploymentKind_name[int32(k.GetKind())]
		twice := slices.ContainsFunc(set.Kinds, func(o *flowv1.KindCharge) bool { return o.Kind == k.GetKind() })
		if !known || twice || k.GetKind() == flowv1.EmploymentKind_EMPLOYMENT_KIND_UNSPECIFIED {
			return nil, fault.Refuse(fault.Malformed, prefix+"employment_kind", "each kind of employment is said once")
		}
		minimum, refusal := charge(prefix, k)
		if refusal != nil {
			return nil, refusal
		}
		set.Kinds = append(set.Kinds, &flowv1.KindCharge{Kind: k.GetKind(), Percent: k.GetPercent(), Minimum: minimum})
	}
	slices.SortFunc(set.Kinds, func(a, b *flowv1.KindCharge) int { return cmp.Compare(a.Kind, b.Kind) })
	return set, nil
}

// charging is what a tariff and its part for a kind of employment have.
type charging interface {
	GetPercent() string
	GetMinimum() string
}

// charge checks a percent and a least charge, which it gives with all its places.
func charge(prefix string, c charging) (minimum string, refusal *fault.Refusal) {
	percent, err := money.Parse(c.GetPercent())
	if err != nil || percent.Sign() < 0 || percent.Cmp(money.New(100, 0)) > 0 {
		return "", fault.Refuse(fault.AmountInvalid, prefix+"percent", "%.64q is not a percent from 0 to 100", c.GetPercent())
	}
	if c.GetMinimum() == "" {
		return "", nil
	}
	least, err := money.RUB.Parse(c.GetMinimum())
	if err != nil || least.Sign() < 0 {
		return "", fault.Refuse(fault.AmountInvalid, prefix+"minimum", "%.64q is not an amount of rubles", c.GetMinimum())
	}
	return money.RUB.Format(least), nil
}

// from is the first day of new terms: today, or a later one.
func from(v flow.View, field, day string) (string, *fault.Refusal) {
	if day == "" {
		return v.Day, nil
	}
	if _, err := time.Parse(time.DateOnly, day); err != nil || day < v.Day {
		return "", fault.Refuse(fault.Malformed, field, "%.64q is not a day YYYY-MM-DD from %s on", day, v.Day)
	}
	return day, nil
}

// setLimits stamps the limits of the company's own payments from a day on, with who agreed to
// them. Those that begin on a later day give way to them.
func setLimits(v flow.View, c flow.Command, d *flowv1.CompanyData) *fault.Refusal {
	var b flowv1.CompanySetLimits
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return refusal
	}
	day, refusal := from(v, "from", b.From)
	if refusal != nil {
		return refusal
	}
	if refusal := limit.Terms("limits", b.Limits); refusal != nil {
		return refusal
	}
	for _, l := range b.Limits {
		l.Setter = flowv1.LimitSetter_LIMIT_SETTER_COMPANY
	}
	d.Limits = slices.DeleteFunc(d.Limits, func(o *flowv1.CompanyLimits) bool { return o.From >= day })
	d.Limits = append(d.Limits, &flowv1.CompanyLimits{From: day, Author: c.Actor, Limits: b.Limits})
	return nil
}

// rubles reads an amount of the company's own data; "" is zero.
func rubles(text string) money.Amount {
	if text == "" {
		return money.Zero
	}
	a, err := money.RUB.Parse(text)
	if err != nil {
		panic("company: its own data: " + err.Error())
	}
	return a
}
