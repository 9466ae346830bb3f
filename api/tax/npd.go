package tax

import (
	"context"
	"fmt"
	"slices"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/npd"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

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
	o := &ordering{Service: s, book: req.GetBook(), period: p, dryRun: req.GetDryRun(), giveBack: req.GetGiveBack(), sum: none, own: none, given: none, position: gate.Position{}, answer: &taxv1.RemitNpdResponse{}}
	if o.dryRun {
		return o.answer, o.all(ctx)
	}
	run, err := s.NewRun(ctx, "RemitNpd", req)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	if over, err := run.Answered(o.answer); over || err != nil {
		o.answer.Replayed = true
		return o.answer, err
	}
	if err := run.Begin(ctx); err != nil {
		return nil, err
	}
	if err := o.all(ctx); err != nil {
		return nil, err
	}
	return o.answer, run.End(ctx, o.answer)
}

// all orders for everybody.
func (o *ordering) all(ctx context.Context) error {
	if err := o.eachTaxAccount(ctx, o.book, o.period, "", nextDay(o.period.To), o.add); err != nil {
		return err
	}
	if err := o.flush(ctx); err != nil {
		return err
	}
	o.answer.Amount, o.answer.OwnAmount, o.answer.GivenAmount = money.RUB.Format(o.sum), money.RUB.Format(o.own), money.RUB.Format(o.given)
	o.answer.Position = o.position.String()
	return nil
}

// ordering is a run of RemitNpd.
type ordering struct {
	*Service
	book             string
	period           remittance.Period
	dryRun, giveBack bool
	set              []taxAccount
	sum, own, given  money.Amount
	position         gate.Position
	answer           *taxv1.RemitNpdResponse
}

// asked is an order in the making.
type asked struct {
	*gate.Change
	taxAccount
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
	var people, ids []string
	for _, t := range o.set {
		people, ids = append(people, t.owner), append(ids, o.period.OrderNPDOf(t.owner))
	}
	standing, _, err := o.Load(ctx, o.book, npd.Name, people...)
	if err != nil {
		return err
	}
	made, _, err := o.Load(ctx, o.book, remittance.Name, ids...)
	if err != nil {
		return err
	}
	payees, _, err := o.Load(ctx, o.book, executor.Name, people...)
	if err != nil {
		return err
	}
	var orders []asked
	for i, t := range o.set {
		lets, err := letsPay(standing[t.owner])
		if err != nil {
			return err
		}
		version, err := requisitesOf(payees[t.owner])
		if err != nil {
			return err
		}
		c := &gate.Change{Key: gate.NewID(), Flow: remittance.Name, ID: ids[i], Owner: t.owner, Event: remittance.OrderNPD}
		was, there := made[ids[i]]
		own := !lets && (!there || slices.Contains([]string{remittance.Differs, remittance.Unneeded, remittance.Error}, was.State))
		switch {
		case own && o.giveBack && version > 0:
			c.Event = remittance.OrderOwn
			c.Say(&flowv1.RemittanceOwn{Amount: money.RUB.Format(t.due()), RequisitesVersion: version})
		case there:
			o.answer.OrderedPersons++
			continue
		case !lets:
			o.answer.OwnPersons++
			o.own = o.own.Add(t.due())
			continue
		default:
			c.Say(&flowv1.RemittanceNpd{Amount: money.RUB.Format(t.due())})
		}
		orders = append(orders, asked{c, t})
	}
	o.set = nil
	return o.send(ctx, orders)
}

// send makes the orders.
func (o *ordering) send(ctx context.Context, orders []asked) error {
	if o.dryRun {
		for _, a := range orders {
			o.count(a)
		}
		return nil
	}
	changes := make([]*gate.Change, len(orders))
	for i, a := range orders {
		changes[i] = a.Change
	}
	for i, out := range o.SubmitChanges(ctx, o.book, false, changes) {
		switch r := out.Refusal; {
		case r == nil:
			o.count(orders[i])
			o.position.See(int(out.Record.GetShard()), out.Record.GetSeq())
		case r.Code == fault.AlreadyExists, r.Code == fault.WrongState: // another run was faster
			o.answer.OrderedPersons++
		case r.Code.Lookup().Kind == fault.Busy:
			return r // nobody knows yet: the caller asks again
		default:
			if o.answer.RefusedPersons++; len(o.answer.GetRefused()) < namedRefusals {
				o.answer.Refused = append(o.answer.Refused, &taxv1.CollectRefusal{Account: orders[i].account, Refusal: gate.RefusalMessage(r)})
			}
		}
	}
	return nil
}

// count counts an order.
func (o *ordering) count(a asked) {
	if a.Event == remittance.OrderOwn {
		o.answer.GivenPersons++
		o.given = o.given.Add(a.due())
		return
	}
	o.answer.Persons++
	o.sum = o.sum.Add(a.due())
}

// requisitesOf is the version of a person's requisites, 0 when there are none.
func requisitesOf(a gate.Aggregate) (uint32, error) {
	if a.State == "" {
		return 0, nil
	}
	d := new(flowv1.ExecutorData)
	err := a.Read(d)
	return d.GetRequisitesVersion(), err
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
	return slices.Contains(d.GetPermissions(), npd.TaxPayment), nil
}
