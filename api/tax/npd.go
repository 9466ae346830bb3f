package tax

import (
	"context"
	"fmt"
	"slices"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/npd"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// taxPayment is the right of a person's that lets us pay the tax.
const taxPayment = "TAX_PAYMENT"

// RemitNpd implements TaxService.
func (s *Service) RemitNpd(ctx context.Context, req *taxv1.RemitNpdRequest) (*taxv1.RemitNpdResponse, error) {
	periods, refusal := remittance.PeriodsOf(remittance.NPD, req.GetMonth())
	if refusal != nil {
		return nil, refusal
	}
	p := periods[0]
	if told := nextDay(p.To)[:len("2006-01-")] + fmt.Sprintf("%02d", remittance.ToldDay); s.Today() <= told {
		return nil, fault.Refuse(fault.Malformed, "month", "the tax service says until %s what is to be paid, it is %s", told, s.Today())
	}
	none := money.New(0, money.RUB.Scale)
	o := &ordering{Service: s, book: req.GetBook(), period: p, dryRun: req.GetDryRun(), sum: none, own: none, position: gate.Position{}, answer: &taxv1.RemitNpdResponse{}}
	if err := s.eachTaxAccount(ctx, o.book, p, "", nextDay(p.To), o.add); err != nil {
		return nil, err
	}
	if err := o.flush(ctx); err != nil {
		return nil, err
	}
	o.answer.Amount, o.answer.OwnAmount, o.answer.Position = money.RUB.Format(o.sum), money.RUB.Format(o.own), o.position.String()
	return o.answer, nil
}

// ordering is a run of RemitNpd.
type ordering struct {
	*Service
	book     string
	period   remittance.Period
	dryRun   bool
	set      []taxAccount
	sum, own money.Amount
	position gate.Position
	answer   *taxv1.RemitNpdResponse
}

// add takes a person into the set.
func (o *ordering) add(ctx context.Context, t taxAccount) error {
	if t.due().Sign() <= 0 {
		return nil
	}
	if o.set = append(o.set, t); len(o.set) < maxPage {
		return nil
	}
	return o.flush(ctx)
}

// flush orders for those of the set who have let us and have no order of the month. An
// order is made once: its id is the month and the person.
func (o *ordering) flush(ctx context.Context) error {
	var people, orders []string
	for _, t := range o.set {
		people, orders = append(people, t.owner), append(orders, o.period.OrderNPDOf(t.owner))
	}
	standing, _, err := o.Load(ctx, o.book, npd.Name, people...)
	if err != nil {
		return err
	}
	made, _, err := o.Load(ctx, o.book, remittance.Name, orders...)
	if err != nil {
		return err
	}
	var changes []*gate.Change
	var asked []taxAccount
	for i, t := range o.set {
		lets, err := letsPay(standing[t.owner])
		switch _, there := made[orders[i]]; {
		case err != nil:
			return err
		case there:
			o.answer.OrderedPersons++
		case !lets:
			o.answer.OwnPersons++
			o.own = o.own.Add(t.due())
		default:
			c := &gate.Change{Key: gate.NewID(), Flow: remittance.Name, ID: orders[i], Owner: t.owner, Event: remittance.OrderNPD}
			c.Say(&flowv1.RemittanceNpd{Amount: money.RUB.Format(t.due())})
			changes, asked = append(changes, c), append(asked, t)
		}
	}
	o.set = nil
	return o.send(ctx, changes, asked)
}

// send makes the orders.
func (o *ordering) send(ctx context.Context, changes []*gate.Change, asked []taxAccount) error {
	if o.dryRun {
		for _, t := range asked {
			o.answer.Persons++
			o.sum = o.sum.Add(t.due())
		}
		return nil
	}
	for i, out := range o.SubmitChanges(ctx, o.book, false, changes) {
		switch r := out.Refusal; {
		case r == nil:
			o.answer.Persons++
			o.sum = o.sum.Add(asked[i].due())
			o.position.See(int(out.Record.GetShard()), out.Record.GetSeq())
		case r.Code == fault.AlreadyExists:
			o.answer.OrderedPersons++
		case r.Code.Lookup().Kind == fault.Busy:
			return r // nobody knows yet: the caller asks again
		default:
			if o.answer.RefusedPersons++; len(o.answer.GetRefused()) < namedRefusals {
				o.answer.Refused = append(o.answer.Refused, &taxv1.CollectRefusal{Account: asked[i].account, Refusal: gate.RefusalMessage(r)})
			}
		}
	}
	return nil
}

// letsPay says whether a person is bound to us and has let us pay the tax.
func letsPay(a gate.Aggregate) (bool, error) {
	if a.State != npd.Bound {
		return false, nil
	}
	d := new(flowv1.NpdData)
	if err := a.Read(d); err != nil {
		return false, err
	}
	return slices.Contains(d.GetPermissions(), taxPayment), nil
}
