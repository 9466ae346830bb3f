package audittest

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Change lets an account stand as asked on every shard there is, as its home decides.
func (w *World) Change(home int, c *commandv1.ChangeAccount) {
	s := w.shard(home)
	op := &commandv1.Operation{What: &commandv1.Operation_Change{Change: c}}
	draft, refusal, _ := ledger.Decide(s, op, ledger.Now{Seq: s.head.Seq + 1, US: s.clockUS, Day: s.day()})
	if refusal != nil {
		panic(refusal)
	}
	rule := draft.Record.GetRules()[0]
	rule.Author = "api-1"
	at := w.put(home, rule)
	if ledger.StandingOf(rule).Status == book.Closing {
		rule = ledger.Closed(rule, true, ledger.Now{US: s.clockUS})
		at = w.put(home, rule)
	}
	w.keys++
	s.draft = append(s.draft, &journalv1.Record{
		Key: "key-" + strconv.Itoa(w.keys), RequestHash: ledger.RequestHash(op),
		Confirmed: &journalv1.Confirmed{Rule: rule, At: at},
	})
	s.commit("api-1")
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
	w.Change(1, &commandv1.ChangeAccount{Account: costs, What: commandv1.AccountChange_ACCOUNT_CHANGE_REOPEN, Reason: "нужен"})
	w.Do(1, Post("fee", "", Leg('D', costs, "RUB", "1.00"), Leg('C', "capital:own", "RUB", "1.00")))
	w.Change(0, &commandv1.ChangeAccount{Account: wallet, What: freeze, Debits: true, Credits: true, Reason: "постановление № 8"})
	return w
}
