package tax

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/provodka/provodka/api/books"
	executors "github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/flow/tax"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// incomeCode is that of payments under civil contracts in a certificate of income.
const incomeCode = "2010"

// GetCertificate implements TaxService.
func (s *Service) GetCertificate(ctx context.Context, req *taxv1.GetCertificateRequest) (*taxv1.GetCertificateResponse, error) {
	c := gate.CallOf(ctx)
	if req.GetUnmask() && !c.Who.Has(gate.RolePersonal) {
		return nil, fault.Refuse(fault.PermissionDenied, "unmask", "the key has not the role %s", gate.RolePersonal)
	}
	if err := s.WaitForSearch(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	a, err := s.Must(ctx, req.GetBook(), executor.Name, "executor_id", req.GetExecutorId())
	if err != nil {
		return nil, err
	}
	answer := &taxv1.GetCertificateResponse{ExecutorId: a.ID, Year: req.GetYear()}
	if err := s.certified(ctx, req, answer); err != nil {
		return nil, err
	}
	if err := s.withheldIn(ctx, req, answer); err != nil {
		return nil, err
	}
	people, err := s.executors.People(ctx, req.GetBook(), []string{a.ID})
	if err != nil {
		return nil, err
	}
	if a.State == executor.Erasing || a.State == executor.Erased {
		return answer, nil
	}
	if req.GetUnmask() {
		s.Logger.InfoContext(ctx, "personal data was shown",
			"request_id", c.RequestID, "api_key", c.Who.ID, "book", req.GetBook(), "executor", a.ID)
	}
	answer.Person = executors.PersonMessage(people[a.ID].Profile, !req.GetUnmask())
	return answer, nil
}

// certified fills in the income of the year, from the tasks that were paid to the person in it: they alone are read.
func (s *Service) certified(ctx context.Context, req *taxv1.GetCertificateRequest, answer *taxv1.GetCertificateResponse) error {
	groups := map[bool]*incomes{false: newIncomes(), true: newIncomes()}
	year := fmt.Sprintf("%04d", req.GetYear())
	page := store.DatedPage{
		Book: req.GetBook(), Flow: task.Name, Place: task.OfExecutor + req.GetExecutorId(), States: []string{task.Paid},
		From: year + "-01-01", To: year + "-12-31", Limit: maxPage,
	}
	for {
		rows, _, err := s.DB.Dated(ctx, page)
		if err != nil {
			return fmt.Errorf("read the person's tasks: %w", err)
		}
		for _, r := range rows {
			d := new(flowv1.TaskData)
			if err := gate.FromRow(r).Read(d); err != nil {
				return err
			}
			paid, err := time.Parse(time.RFC3339Nano, d.GetPaidAt())
			if err != nil || d.GetKind() != flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT {
				continue
			}
			if paid = paid.In(s.DB.Zone()); paid.Year() == int(req.GetYear()) {
				groups[d.GetSum().GetShare().GetNonresident()].add(paid, d.GetSum())
			}
		}
		if len(rows) < page.Limit {
			break
		}
		last := rows[len(rows)-1]
		page.After = &store.AggregateCursor{CreatedUS: last.CreatedUS, Shard: last.Shard, ID: last.Key.ID}
	}
	var err error
	if answer.Resident, err = groups[false].message(tax.Resident); err != nil {
		return err
	}
	answer.Nonresident, err = groups[true].message(tax.Nonresident)
	return err
}

// incomes are what a person earned under one status.
type incomes struct {
	months         map[int]money.Amount
	base, withheld money.Amount
	last           string // day of payment
}

func newIncomes() *incomes {
	return &incomes{months: map[int]money.Amount{}, base: money.New(0, money.RUB.Scale), withheld: money.New(0, money.RUB.Scale)}
}

func (in *incomes) add(paid time.Time, sum *flowv1.TaskSum) {
	gross, month := sumOf(sum.GetGross()), int(paid.Month())
	in.months[month] = in.months[month].Add(gross)
	in.base, in.withheld = in.base.Add(gross), in.withheld.Add(sumOf(sum.GetTax()))
	in.last = max(in.last, paid.Format(time.DateOnly))
}

// message tells the group; the tax is worked out anew, of the whole base.
func (in *incomes) message(status tax.Status) (*taxv1.CertificateGroup, error) {
	if in.base.IsZero() {
		return nil, nil
	}
	whole, err := tax.Terms{Kind: tax.CivilContract, Payer: tax.Company, Status: status, Day: in.last}.FromGross(in.base)
	if err != nil {
		return nil, err
	}
	out := &taxv1.CertificateGroup{Base: money.RUB.Format(in.base), Computed: money.RUB.Format(whole.Tax), Withheld: money.RUB.Format(in.withheld)}
	for month := 1; month <= 12; month++ {
		if sum, ok := in.months[month]; ok {
			out.Incomes = append(out.Incomes, &taxv1.CertificateIncome{Month: int32(month), Code: incomeCode, Amount: money.RUB.Format(sum)})
		}
	}
	return out, nil
}

// sumOf reads an amount of a task's data; "" is zero there.
func sumOf(text string) money.Amount {
	if text == "" {
		return money.New(0, money.RUB.Scale)
	}
	return money.MustParse(text) // the flow's own
}

// withheldIn fills in what the books say: what was withheld in the year, and what of its
// periods was passed on.
func (s *Service) withheldIn(ctx context.Context, req *taxv1.GetCertificateRequest, answer *taxv1.GetCertificateResponse) error {
	key, _, _, refusal := books.StripeKey(req.GetBook(), remittance.NDFL.Type()+":"+req.GetExecutorId(), "", "")
	if refusal != nil {
		return refusal
	}
	sums := make([]money.Amount, 2)
	for i := range sums {
		sums[i] = money.New(0, money.RUB.Scale)
		day := strconv.Itoa(int(req.GetYear())-1+i) + "-12-31"
		rows, _, err := s.DB.Balances(ctx, []store.StripeKey{key}, store.At{Day: day})
		if err != nil {
			return fmt.Errorf("read what was withheld: %w", err)
		}
		for _, b := range rows {
			sums[i] = b.Credit.Sub(b.Debit)
		}
	}
	mark := store.Mark{Book: req.GetBook(), Sort: store.MarkLink, Name: linkExecutor, Value: req.GetExecutorId()}
	passed, err := s.collectedOf(ctx, mark, linkPeriod)
	if err != nil {
		return err
	}
	remitted := money.New(0, money.RUB.Scale)
	for id, c := range passed {
		p, refusal := remittance.ParsePeriod("period", id)
		if refusal == nil && p.Kind == remittance.NDFL && p.To[:4] == strconv.Itoa(int(req.GetYear())) {
			remitted = remitted.Add(c.sum)
		}
	}
	answer.Withheld, answer.Remitted = money.RUB.Format(sums[1].Sub(sums[0])), money.RUB.Format(remitted)
	return nil
}
