package document

import (
	"strings"
	"time"

	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// Sources is what the values of a task's document come from.
type Sources struct {
	TaskID   string
	Task     *flowv1.TaskData
	Text     *privatev1.TaskText
	Customer *privatev1.CompanyProfile
	Executor *privatev1.ExecutorProfile
	Agreed   time.Time // the agreement's day, in the book's zone
	Drawn    time.Time // the act's day, in the book's zone
}

// kinds say what the executor is, in words.
var kinds = map[flowv1.EmploymentKind]string{
	flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED:   "плательщик налога на профессиональный доход",
	flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT: "физическое лицо",
	flowv1.EmploymentKind_EMPLOYMENT_KIND_ENTREPRENEUR:   "индивидуальный предприниматель",
}

// numberDigits is how much of a task's id its agreement's number carries.
const numberDigits = 10

// Number is the number of a task's agreement: of the document signed outside, or the task's own.
func Number(taskID string, text *privatev1.TaskText) string {
	if n := text.GetDocumentNumber(); n != "" {
		return n
	}
	_, digits, ok := strings.Cut(taskID, "-")
	if !ok {
		digits = taskID
	}
	return strings.ToUpper(digits[:min(len(digits), numberDigits)])
}

// Values are the values of a task's document.
func (s Sources) Values() Values {
	c, e, t, d := s.Customer, s.Executor, s.Text, s.Task
	v := Values{
		number: Number(s.TaskID, t), date: s.Agreed.Format(dayForm), actDate: s.Drawn.Format(dayForm),
		customerName: c.GetName(), customerINN: c.GetInn(), customerKPP: c.GetKpp(), customerOGRN: c.GetOgrn(),
		customerAddress: c.GetAddress(), customerEmail: c.GetEmail(), customerContract: c.GetContract(),
		executorName: FullName(e), executorINN: e.GetInn(), executorKind: kinds[d.GetKind()], executorPhone: e.GetPhone(),
		executorEmail: e.GetEmail(), executorAddress: e.GetAddress(), executorBirthday: day(e.GetBirthday()),
		executorPassport: passport(e), executorSNILS: e.GetSnils(),
		title: t.GetTitle(), description: t.GetDescription(), category: t.GetCategory(),
		periodFrom: day(d.GetPeriodFrom()), periodTo: day(d.GetPeriodTo()),
	}
	if t.GetDocumentDate() != "" {
		v[date] = day(t.GetDocumentDate())
	}
	for name, text := range map[string]string{amount: d.GetSum().GetGross(), payout: d.GetSum().GetPayout(), tax: d.GetSum().GetTax()} {
		if a, err := money.RUB.Parse(text); err == nil {
			v[name] = rubles(a)
			if name == amount {
				v[amountWords] = inWords(a)
			}
		}
	}
	return v
}

// Example are invented values of every name of a kind, to show what a template looks like.
func Example(kind Kind) Values {
	v := Values{}
	for _, p := range Placeholders(kind) {
		v[p.Name] = "[" + p.Russian + "]"
	}
	return v
}

// dayForm is how documents write a day.
const dayForm = "02.01.2006"

// day turns YYYY-MM-DD into the form of documents; anything else stays.
func day(text string) string {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return text
	}
	return at.Format(dayForm)
}

// FullName is last name, first name, patronymic.
func FullName(e *privatev1.ExecutorProfile) string {
	return strings.Join(strings.Fields(e.GetLastName()+" "+e.GetFirstName()+" "+e.GetSecondName()), " ")
}

func passport(e *privatev1.ExecutorProfile) string {
	if e.GetPassportNumber() == "" {
		return ""
	}
	said := []string{e.GetPassportNumber()}
	if e.GetPassportIssuedBy() != "" {
		said = append(said, "выдан "+e.GetPassportIssuedBy())
	}
	if e.GetPassportIssuedOn() != "" {
		said = append(said, day(e.GetPassportIssuedOn()))
	}
	if e.GetPassportDepartment() != "" {
		said = append(said, "код "+e.GetPassportDepartment())
	}
	return strings.Join(said, ", ")
}
