package audittest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Leg makes a leg of an operation: D or C.
func Leg(side byte, account, asset, amount string) *commandv1.Leg {
	return &commandv1.Leg{Account: account, Asset: asset, Amount: amount, Debit: side == 'D', Open: true}
}

// Post makes an operation that posts an entry.
func Post(kind, day string, legs ...*commandv1.Leg) *commandv1.Operation {
	return &commandv1.Operation{What: &commandv1.Operation_Post{Post: &commandv1.Post{
		Kind: kind, Day: day, Legs: legs, Metadata: map[string]string{"note": "a; b | c"},
		Links: map[string]string{"statement": "st-1"},
	}}}
}

// Exchange makes an operation that sells one asset for another at a rate of the central
// bank of the day before the books begin, rounded to the even digit.
func Exchange(rate string, sold, bought *commandv1.Leg, spread ...*commandv1.Leg) *commandv1.Operation {
	x := &commandv1.Exchange{
		Sold: sold, Bought: bought, Rate: rate, Source: "cbr", RateUs: StartUS - 24*int64(time.Hour/time.Microsecond),
		Rounding: string(money.HalfEven),
	}
	if len(spread) > 0 {
		x.Spread = spread[0]
	}
	return &commandv1.Operation{What: &commandv1.Operation_Exchange{Exchange: x}}
}

// Open makes an operation that opens an account.
func Open(account string) *commandv1.Operation {
	return &commandv1.Operation{What: &commandv1.Operation_Open{Open: &commandv1.Open{Account: account}}}
}

// Place makes an operation that holds money for a while; 0 is for ever.
func Place(account, asset, amount string, expires time.Duration) *commandv1.Operation {
	return &commandv1.Operation{What: &commandv1.Operation_Place{Place: &commandv1.Place{
		Account: account, Asset: asset, Amount: amount, ExpiresMs: expires.Milliseconds(), Open: true,
	}}}
}

// Settle makes an operation that settles a hold in favour of an account; an empty
// amount is all that is left.
func Settle(seq uint64, amount string, final bool, credits ...*commandv1.Leg) *commandv1.Operation {
	return &commandv1.Operation{What: &commandv1.Operation_Settle{Settle: &commandv1.Settle{
		PlacedSeq: seq, Amount: amount, Credits: credits, Kind: "commission", Final: final,
	}}}
}

// SettleLate makes an operation that settles a hold which is over.
func SettleLate(seq uint64, amount string, credits ...*commandv1.Leg) *commandv1.Operation {
	return &commandv1.Operation{What: &commandv1.Operation_SettleLate{SettleLate: &commandv1.SettleLate{
		PlacedSeq: seq, Amount: amount, Credits: credits, Kind: "commission",
	}}}
}

// Resize makes an operation that holds more or less.
func Resize(seq uint64, increase, decrease string) *commandv1.Operation {
	return &commandv1.Operation{What: &commandv1.Operation_Resize{Resize: &commandv1.Resize{
		PlacedSeq: seq, Increase: increase, Decrease: decrease,
	}}}
}

// Void makes an operation that gives a hold back.
func Void(seq uint64) *commandv1.Operation {
	return &commandv1.Operation{What: &commandv1.Operation_Void{Void: &commandv1.Void{PlacedSeq: seq}}}
}

// Small makes books of two shards that have one of everything, about thirty records.
func Small() *World {
	w := New()
	for n := range 2 {
		wallet := fmt.Sprintf("wallet:company-%d", n)
		w.Do(n, Open(wallet))
		w.Do(n, Post("topup", "", Leg('D', "bank:settlement", "RUB", "1000.00"), Leg('C', wallet, "RUB", "1000.00")),
			Post("fee", "2026-02-28", Leg('D', wallet, "RUB", "0.01"), Leg('C', "suspense:statement", "RUB", "0.01")))
		w.Do(n, Post("fee", "", Leg('D', wallet, "RUB", "5000.00"), Leg('C', "suspense:statement", "RUB", "5000.00")))
		w.Do(n, Post("opening", "", Leg('D', "clearing:exchange", "ETH", "0.000000000000000001"), Leg('C', "capital:own", "ETH", "0.000000000000000001")))
		w.Do(n, Place(wallet, "RUB", "100.00", 0))
		w.Do(n, Settle(w.Seq(n), "40.00", false, Leg('C', "revenue:commission", "RUB", "40.00")))
		w.Do(n, Settle(w.Seq(n)-1, "", true, Leg('C', "revenue:commission", "RUB", "60.00")))
		w.Do(n, Place(wallet, "RUB", "7.00", time.Hour))
		w.Do(n, Place(wallet, "RUB", "3.00", time.Hour))
		w.Expire(n, w.Seq(n)-1)
		w.Do(n, Void(w.Seq(n)-1))
		w.Do(n, Place(wallet, "RUB", "11.00", time.Hour))
		w.External(n, journalv1.ExternalKind_EXTERNAL_KIND_EXPIRED, "waited past its time")
		w.task(n, "task-"+strconv.Itoa(n), wallet)
	}
	return w
}

// task plays a payment whose first answer is unknown.
func (w *World) task(n int, id, wallet string) {
	hundred := money.MustParse("100.00")
	reserve := "reserve:" + id
	w.Move(n, Step{ID: id, Owner: "company-1", On: "create", To: "completed", Says: "task.created"})
	w.Move(n, Step{
		ID: id, On: "pay", To: "paying", Says: "task.paying", Recipe: "reserve", Opens: "pay", Timer: "overdue", After: time.Hour,
		Legs: []book.Change{change(book.Debit, wallet, hundred), change(book.Credit, reserve, hundred)},
	})
	w.Move(n, Step{ID: id, On: "payout_unknown", To: "paying", Answers: "pay", Result: "unknown"})
	w.Move(n, Step{
		ID: id, On: "payout_done", To: "paid", Says: "task.paid", Recipe: "settle", Answers: "pay", Result: "done",
		Legs: []book.Change{
			change(book.Debit, reserve, money.MustParse("94.00")), change(book.Credit, "bank:settlement", money.MustParse("94.00")),
			change(book.Debit, reserve, money.MustParse("6.00")), change(book.Credit, "tax-npd:person-1", money.MustParse("6.00")),
		},
	})
}

func change(kind book.Kind, account string, amount money.Amount) book.Change {
	name, refusal := book.ParseName("account", account)
	if refusal != nil {
		panic(refusal)
	}
	t, _ := book.LookupType(name.Type)
	return book.Change{Account: account, Type: t, Asset: money.RUB, Kind: kind, Amount: amount}
}

// Random makes books with the given number of commands, the same for the same seed.
func Random(seed uint64, shards, commands int) *World {
	w, r := New(), rand.New(rand.NewPCG(seed, 1))
	placed := map[int][]uint64{}
	for range commands {
		n := r.IntN(shards)
		wallet := fmt.Sprintf("wallet:company-%d", n+shards*r.IntN(9))
		amount := money.Asset{Code: "RUB", Scale: 2}.Format(money.New(int64(1+r.IntN(200_000)), 2))
		switch r.IntN(10) {
		case 0:
			w.Do(n, Place(wallet, "RUB", amount, time.Duration(r.IntN(2))*time.Hour))
			placed[n] = append(placed[n], w.Seq(n))
		case 1:
			if len(placed[n]) > 0 {
				w.Do(n, Void(placed[n][r.IntN(len(placed[n]))]))
			}
		case 2:
			if len(placed[n]) > 0 {
				seq := placed[n][r.IntN(len(placed[n]))]
				w.Do(n, Settle(seq, amount, r.IntN(2) == 0, Leg('C', "revenue:commission", "RUB", amount)))
			}
		case 3:
			day := time.UnixMicro(w.shard(n).clockUS).In(Zone).AddDate(0, 0, -r.IntN(5)).Format(time.DateOnly)
			w.Do(n, Post("topup", day, Leg('D', "bank:settlement", "RUB", amount), Leg('C', wallet, "RUB", amount)))
		case 4:
			w.Pass(n, time.Duration(r.IntN(20))*time.Hour)
			w.Do(n, Post("opening", "", Leg('D', "clearing:exchange", "BTC", "0.00000001"), Leg('C', "capital:own", "BTC", "0.00000001")))
		default:
			other := fmt.Sprintf("wallet:company-%d", n+shards*r.IntN(9))
			w.Do(n, Post("topup", "", Leg('D', "bank:settlement", "RUB", amount), Leg('C', wallet, "RUB", amount)),
				Post("transfer", "", Leg('D', wallet, "RUB", amount), Leg('C', other, "RUB", amount)))
		}
	}
	return w
}
