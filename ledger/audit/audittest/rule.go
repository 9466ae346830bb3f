package audittest

import (
	"fmt"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Change lets an account stand as api-1 asks on every shard there is, as its home decides.
func (w *World) Change(home int, c *commandv1.ChangeAccount) {
	w.must(home, "api-1", &commandv1.Operation{What: &commandv1.Operation_Change{Change: c}})
}

// Ask asks on behalf of api-1 for a change that another key must approve.
func (w *World) Ask(home int, c *commandv1.ChangeAccount) (seq uint64) {
	w.must(home, "api-1", &commandv1.Operation{What: &commandv1.Operation_Ask{Ask: &commandv1.Ask{
		ExpiresMs: time.Hour.Milliseconds(), What: &commandv1.Ask_Change{Change: c},
	}}})
	return w.Seq(home)
}

// Verdict decides on behalf of a key about what was asked for.
func (w *World) Verdict(home int, seq uint64, by string, approve bool) {
	w.must(home, by, &commandv1.Operation{What: &commandv1.Operation_Verdict{Verdict: &commandv1.Verdict{
		Shard: uint32(home), AskedSeq: seq, Approve: approve, Reason: "проверено",
	}}})
}

func (w *World) must(home int, actor string, op *commandv1.Operation) {
	if refusal := w.Order(home, actor, op); refusal != nil {
		panic(refusal)
	}
}

// ExpireApproval lets the shard's clock reach the end of what was asked for.
func (w *World) ExpireApproval(home int, seq uint64) {
	s := w.shard(home)
	s.clockUS = max(s.clockUS, s.approvals[seq].GetDueUs())
	draft := ledger.ExpireApproval(s, seq)
	s.fold(draft)
	s.draft = append(s.draft, draft.Record)
	s.commit("timer")
}

// Order lets a key ask for a rule for all shards, or for what leads to one. The record
// with its key is the last; a refusal is there too.
func (w *World) Order(home int, actor string, op *commandv1.Operation) *fault.Refusal {
	s := w.shard(home)
	draft, refusal, _ := ledger.Decide(s, op, ledger.Now{Seq: s.head.Seq + 1, US: s.clockUS, Day: s.day(), Zone: Zone, Actor: actor})
	if refusal == nil && len(draft.Record.GetRules()) > 0 {
		draft, refusal = w.inForce(home, draft)
	}
	if refusal != nil {
		draft = &ledger.Draft{Record: &journalv1.Record{Refusal: refused(refusal)}}
	}
	w.keys++
	draft.Record.Key, draft.Record.RequestHash = "key-"+strconv.Itoa(w.keys), ledger.RequestHash(op)
	s.fold(draft)
	s.draft = append(s.draft, draft.Record)
	s.commit(actor)
	return refusal
}

// inForce brings a rule into force on every shard and closes an account if it is empty.
func (w *World) inForce(home int, draft *ledger.Draft) (*ledger.Draft, *fault.Refusal) {
	s, rule := w.shard(home), draft.Record.GetRules()[0]
	if draft.Record.GetApproval() != nil {
		draft.Record.Rules = nil
		s.fold(draft)
		s.draft = append(s.draft, draft.Record)
		s.commit("gather")
	}
	at := w.put(home, rule)
	if ledger.StandingOf(rule).Status == book.Closing {
		found := w.found(rule.GetSubject())
		rule = ledger.Closed(rule, len(found) == 0, ledger.Now{US: s.clockUS})
		at = w.put(home, rule)
		if len(found) > 0 {
			return nil, ledger.NotEmpty(rule.GetSubject(), found)
		}
	}
	return &ledger.Draft{Record: &journalv1.Record{Confirmed: &journalv1.Confirmed{Rule: rule, At: at}}}, nil
}

// found is what stands against closing an account: it must have no holds, and zero in
// all, whatever its stripes.
func (w *World) found(account string) (found []string) {
	name, _ := book.ParseName("account", account)
	t, _ := book.LookupType(name.Type)
	for _, asset := range money.Assets() {
		balance := money.Zero
		for _, n := range w.Shards() {
			st := w.shard(n).Stripe(account, asset.Code)
			balance = balance.Add(st.Balance(t.Class))
			if held := st.HeldDebit.Add(st.HeldCredit); !held.IsZero() {
				found = append(found, asset.Format(held)+" "+asset.Code+" is held")
			}
		}
		if !balance.IsZero() {
			found = append(found, "the balance is "+asset.Format(balance)+" "+asset.Code)
		}
	}
	return found
}

// put brings a rule into force on every shard, the home first.
func (w *World) put(home int, rule *journalv1.Rule) (at []*journalv1.RulePosition) {
	for _, n := range w.Shards() {
		s, own := w.shard(n), proto.CloneOf(rule)
		own.Home = n == home
		s.rules[[2]string{own.GetKind(), own.GetSubject()}] = own
		s.draft = append(s.draft, &journalv1.Record{Rules: []*journalv1.Rule{own}})
		s.commit("gather")
		at = append(at, &journalv1.RulePosition{Shard: uint32(n), Seq: s.head.Seq})
	}
	return at
}

// Periods makes the books of two shards with two closed periods, of which the second was
// opened again in part, by two people, and closed once more. Sheets are the hashes of the
// three sheets, in the order of closing.
func Periods(sheets [3][]byte) *World {
	w := New()
	wallet := func(n int) string { return fmt.Sprintf("wallet:company-%d", n) }
	topUp := func(n int, day, amount string) {
		w.Do(n, Post("topup", day, Leg('D', "bank:settlement", "RUB", amount), Leg('C', wallet(n), "RUB", amount)))
	}
	order := func(c *commandv1.ChangePeriod) {
		w.must(0, "api-1", &commandv1.Operation{What: &commandv1.Operation_Period{Period: c}})
	}
	version := func() uint64 { return w.Rule(0, ledger.PeriodRule, ledger.PeriodSubject).GetVersion() }
	closed := 0
	closeDays := func(through string) {
		order(&commandv1.ChangePeriod{What: commandv1.PeriodChange_PERIOD_CHANGE_CLOSE, Through: through, Reason: "месяц закрыт"})
		order(&commandv1.ChangePeriod{
			What: commandv1.PeriodChange_PERIOD_CHANGE_SHEET, Through: through, Reason: "месяц закрыт", Sheet: sheets[closed], Version: version(),
		})
		closed++
	}
	w.Do(0, Open(wallet(0)))
	w.Do(1, Open(wallet(1)))
	topUp(0, "2026-01-15", "100.00")
	topUp(1, "2026-02-10", "50.00")
	closeDays("2026-01-31")
	closeDays("2026-02-28")
	topUp(1, "2026-02-20", "7.00") // refused
	w.must(0, "api-1", &commandv1.Operation{What: &commandv1.Operation_Ask{Ask: &commandv1.Ask{
		ExpiresMs: time.Hour.Milliseconds(), What: &commandv1.Ask_Period{Period: &commandv1.ChangePeriod{
			What: commandv1.PeriodChange_PERIOD_CHANGE_REOPEN, Through: "2026-02-15", Reason: "опоздавший акт",
		}},
	}}})
	w.Verdict(0, w.Seq(0), "api-2", true)
	topUp(1, "2026-02-20", "7.00")
	closeDays("2026-02-28")
	topUp(0, "", "1.00")
	return w
}

// Standing makes the books of two shards in which accounts are frozen, limited, closed
// and opened again.
func Standing() *World {
	w := New()
	const wallet, shop, costs = "wallet:company-0", "merchant:shop", "expense:old"
	for n := range 2 {
		w.Do(n, Open(fmt.Sprintf("wallet:company-%d", n)))
	}
	w.Do(0, Open(shop),
		Post("topup", "", Leg('D', "bank:settlement", "RUB", "100.00"), Leg('C', wallet, "RUB", "100.00")))
	freeze := commandv1.AccountChange_ACCOUNT_CHANGE_FREEZE
	w.Change(0, &commandv1.ChangeAccount{Account: wallet, What: freeze, Debits: true, Reason: "постановление № 7"})
	w.Do(0, Post("pay", "", Leg('D', wallet, "RUB", "1.00"), Leg('C', "suspense:x", "RUB", "1.00")), // refused
		Post("topup", "", Leg('D', "bank:settlement", "RUB", "5.00"), Leg('C', wallet, "RUB", "5.00")))
	w.Change(0, &commandv1.ChangeAccount{Account: wallet, What: commandv1.AccountChange_ACCOUNT_CHANGE_UNFREEZE, Debits: true, Reason: "снято"})
	w.Change(0, &commandv1.ChangeAccount{Account: shop, What: commandv1.AccountChange_ACCOUNT_CHANGE_LIMIT, Asset: "RUB", Limit: "50.00", Reason: "договор 3"})
	w.Do(0, Post("refund", "", Leg('D', shop, "RUB", "40.00"), Leg('C', "suspense:x", "RUB", "40.00")))
	w.Change(1, &commandv1.ChangeAccount{Account: costs, What: commandv1.AccountChange_ACCOUNT_CHANGE_CLOSE, Reason: "не нужен"})
	w.Do(1, Post("fee", "", Leg('D', costs, "RUB", "1.00"), Leg('C', "capital:own", "RUB", "1.00"))) // refused
	again := &commandv1.ChangeAccount{Account: costs, What: commandv1.AccountChange_ACCOUNT_CHANGE_REOPEN, Reason: "нужен"}
	w.ExpireApproval(1, w.Ask(1, again))
	w.Verdict(1, w.Ask(1, again), "api-1", false)
	w.Verdict(1, w.Ask(1, again), "api-2", false)
	w.Verdict(1, w.Ask(1, again), "api-2", true)
	w.Do(1, Post("fee", "", Leg('D', costs, "RUB", "1.00"), Leg('C', "capital:own", "RUB", "1.00")))
	w.Change(0, &commandv1.ChangeAccount{Account: wallet, What: freeze, Debits: true, Credits: true, Reason: "постановление № 8"})
	return w
}
