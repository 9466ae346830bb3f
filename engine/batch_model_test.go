package engine_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/booktest"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// batches plays random requests on the engine and on the naive model, which knows no
// shards, no batches and no keys.
type batches struct {
	t     *testing.T
	p     *process
	model *booktest.Model
	seed  int
	keys  int
	said  map[string]int // what was seen

	played int // requests
}

// shardBits is where the shard stands in a number of the model.
const shardBits = 48

func numbered(shard uint32, seq uint64) uint64 { return uint64(shard+1)<<shardBits | seq }

// place puts the shard of a record into an operation that names one.
func placeOf(id uint64) (shard uint32, seq uint64) {
	if id>>shardBits == 0 {
		return 0, id
	}
	return uint32(id>>shardBits) - 1, id & (1<<shardBits - 1)
}

// draw is a random operation as the model names records, and as the engine does.
func (b *batches) draw() (modelled *commandv1.Operation, real engine.Operation) {
	b.seed++
	modelled = rapid.Custom(func(t *rapid.T) *commandv1.Operation { return booktest.Draw(t, b.model) }).Example(b.seed)
	if b.p.world.shards > 1 { // the model counts versions of the whole account
		modelled.Conditions = slices.DeleteFunc(modelled.GetConditions(), func(c *journalv1.Condition) bool { return c.GetVersion() != nil })
	}
	b.keys++
	modelled.Key = fmt.Sprint("op", b.keys)
	op := proto.CloneOf(modelled)
	switch what := op.GetWhat().(type) {
	case *commandv1.Operation_Settle:
		what.Settle.Shard, what.Settle.PlacedSeq = placeOf(what.Settle.GetPlacedSeq())
	case *commandv1.Operation_SettleLate:
		what.SettleLate.Shard, what.SettleLate.PlacedSeq = placeOf(what.SettleLate.GetPlacedSeq())
	case *commandv1.Operation_Void:
		what.Void.Shard, what.Void.PlacedSeq = placeOf(what.Void.GetPlacedSeq())
	case *commandv1.Operation_Resize:
		what.Resize.Shard, what.Resize.PlacedSeq = placeOf(what.Resize.GetPlacedSeq())
	case *commandv1.Operation_Reverse:
		what.Reverse.Shard, what.Reverse.Seq = placeOf(what.Reverse.GetSeq())
	case *commandv1.Operation_Correct:
		what.Correct.Shard, what.Correct.Seq = placeOf(what.Correct.GetSeq())
	}
	return modelled, engine.Operation{Operation: op}
}

// request draws operations that one shard decides: single ones, groups, and, if twice, keys
// that come twice, with the same request or with another.
func (b *batches) request(most int, twice bool) (modelled []*commandv1.Operation, list []engine.Operation) {
	n, group := 1+b.seed%most, uint32(0)
	route := func(o engine.Operation) int { return engine.Route("main", o, b.p.world.shards) }
	for tries := 0; len(list) < n && tries < 20*n; tries++ {
		m, o := b.draw()
		if len(list) > 0 && route(o) != route(list[0]) {
			continue
		}
		if last := len(list) - 1; b.seed%5 == 0 || last >= 0 && list[last].GetGroup() == 0 {
			group++ // nothing stands between those of a group
		}
		if b.seed%5 < 2 { // groups of one to four
			m.Group, o.Group = group+1, group+1
		}
		if last := len(list) - 1; twice && last >= 0 && b.seed%7 == 0 && list[last].GetGroup() == 0 && o.GetGroup() == 0 {
			if b.seed%2 == 0 {
				m, o = modelled[last], engine.Operation{Operation: proto.CloneOf(list[last].Operation)}
			}
			o.Key = list[last].GetKey()
			m = proto.CloneOf(m)
			m.Key = o.GetKey()
		}
		modelled, list = append(modelled, m), append(list, o)
	}
	return modelled, list
}

func codeOf(o engine.Outcome) string {
	if o.Refusal == nil {
		return ""
	}
	return string(o.Refusal.Code)
}

// fund gives every wallet money on every shard.
func (b *batches) fund() {
	for s := range b.p.world.shards {
		op := &commandv1.Operation{Key: fmt.Sprint("fund", s), What: &commandv1.Operation_Post{Post: &commandv1.Post{Kind: "topup", Legs: []*commandv1.Leg{
			leg("wallet:"+b.p.world.owner("pad", s), false, "0.01"), leg("wallet:a", false, "90.00"), leg("wallet:b", false, "90.00"),
			leg("wallet:c", false, "90.00"), leg("bank:main", true, "270.01"),
		}}}}
		if code := b.do(op, b.p.must(engine.Operation{Operation: proto.CloneOf(op)})[0]); code != "" {
			b.t.Fatal(code)
		}
	}
}

// check does the request on the model in the order in which the engine decided it, and
// compares.
func (b *batches) check(modelled []*commandv1.Operation, list []engine.Operation, out []engine.Outcome) {
	b.t.Helper()
	units := [][]int{} // operations that are one
	for i := 0; i < len(list); {
		n := 1
		for list[i].GetGroup() != 0 && i+n < len(list) && list[i+n].GetGroup() == list[i].GetGroup() {
			n++
		}
		unit := make([]int, n)
		for j := range unit {
			unit[j] = i + j
		}
		units, i = append(units, unit), i+n
	}
	for i, o := range out {
		if o.Record != nil && o.Record.GetKey() != list[i].GetKey() {
			b.t.Fatalf("operation %d has key %s and the answer of %s", i, list[i].GetKey(), o.Record.GetKey())
		}
	}
	// What is short is decided when others have been asked for money: behind what follows it.
	seq := func(unit []int) uint64 { return out[unit[0]].Record.GetSeq() }
	slices.SortStableFunc(units, func(x, y []int) int { return cmp.Compare(seq(x), seq(y)) })
	took := map[string]int{} // key -> operation
	for _, unit := range units {
		switch {
		case seq(unit) == 0: // refused and not remembered
		case len(unit) > 1:
			b.group(unit, modelled, out)
		default:
			b.single(unit[0], modelled, list, out, took)
		}
	}
	for _, unit := range units {
		if seq(unit) == 0 {
			b.forgotten(unit, modelled, list, out, took)
		}
	}
}

func (b *batches) single(i int, modelled []*commandv1.Operation, list []engine.Operation, out []engine.Outcome, took map[string]int) {
	b.t.Helper()
	if first, again := took[list[i].GetKey()]; again {
		if !proto.Equal(modelled[first], modelled[i]) || out[i].Record.GetSeq() != out[first].Record.GetSeq() || codeOf(out[i]) != codeOf(out[first]) {
			b.t.Fatalf("operation %d has the key of %d, and is answered %v, not %v", i, first, out[i], out[first])
		}
		b.said["again, the same"]++
		return
	}
	took[list[i].GetKey()] = i
	want := b.do(modelled[i], out[i])
	short := func(code string) bool {
		return code == string(fault.InsufficientFunds) || code == string(fault.ConditionFailed)
	}
	if got := codeOf(out[i]); got != want && !(short(got) && short(want)) { // of several accounts that are short any may be named
		b.t.Fatalf("operation %d, %v\nis answered %q %v, the model says %q", i, list[i], got, out[i].Refusal, want)
	}
	b.said["single "+want]++
}

// forgotten are operations that left no record: what is wrong by itself, and other requests
// under a key of the batch.
func (b *batches) forgotten(unit []int, modelled []*commandv1.Operation, list []engine.Operation, out []engine.Outcome, took map[string]int) {
	b.t.Helper()
	for _, i := range unit {
		if out[i].Refusal == nil || out[i].Refusal.Code != fault.GroupFailed && out[i].Refusal.Code.Lookup().Remembered {
			b.t.Fatalf("operation %d left no record and is answered %v", i, out[i])
		}
		first, again := took[list[i].GetKey()]
		if reused := codeOf(out[i]) == string(fault.KeyReused); reused != (again && first < i && !proto.Equal(modelled[first], modelled[i])) {
			b.t.Fatalf("operation %d: %v; key taken by %d: %t", i, out[i].Refusal, first, again)
		} else if reused {
			b.said["again, another"]++
		}
	}
}

// group wants all or none.
func (b *batches) group(unit []int, modelled []*commandv1.Operation, out []engine.Outcome) {
	b.t.Helper()
	before, want := b.model.Clone(), ""
	for _, i := range unit {
		if want = b.do(modelled[i], out[i]); want != "" {
			*b.model = *before
			break
		}
	}
	var own []string
	for _, i := range unit {
		switch got := codeOf(out[i]); {
		case got == "" && want != "":
			b.t.Fatalf("operation %d of a group was done, of which the model says %q", i, want)
		case got != string(fault.GroupFailed):
			own = append(own, got)
		}
	}
	switch {
	case want == "" && (len(own) != len(unit) || slices.ContainsFunc(own, func(c string) bool { return c != "" })):
		b.t.Fatalf("a group that the model does is answered %v", out[unit[0]:unit[len(unit)-1]+1])
	case want != "" && (len(own) != 1 || own[0] == ""): // which of several reasons comes first depends on what is gathered
		b.t.Fatalf("a group of which the model says %q is answered %q: %v", want, own, out[unit[0]:unit[len(unit)-1]+1])
	}
	b.said["group "+want]++
}

// do does one operation on the model.
func (b *batches) do(op *commandv1.Operation, o engine.Outcome) string {
	return b.model.Do(op, booktest.Now{Seq: numbered(o.Record.GetShard(), o.Record.GetSeq()), US: o.Record.GetClockUs()})
}

// same compares what the accounts have.
func (b *batches) same() {
	b.t.Helper()
	for _, account := range []string{"wallet:a", "wallet:b", "wallet:c"} {
		if got, want := b.p.balance(account), booktest.Text("RUB", b.model.Available(booktest.Place{Account: account, Asset: "RUB"})); got != want {
			b.t.Fatalf("%s has %s available, the model %s", account, got, want)
		}
	}
}

// dry asks what would happen.
func (b *batches) dry(list []engine.Operation) []engine.Outcome {
	b.t.Helper()
	copies := make([]engine.Operation, len(list))
	for i, o := range list {
		copies[i] = engine.Operation{Operation: proto.CloneOf(o.Operation)}
	}
	return b.p.Submit(b.t.Context(), engine.Request{Book: "main", Actor: "test", DryRun: true, Operations: copies})
}

// foretold wants what the dry run said to be what the run did: the same codes and numbers,
// the same sums of every stripe; of an account that gathered, of the whole.
func (b *batches) foretold(dry, out []engine.Outcome) {
	b.t.Helper()
	for i := range out {
		if codeOf(dry[i]) != codeOf(out[i]) || dry[i].Replayed != out[i].Replayed {
			b.t.Fatalf("operation %d: the dry run said %v, the run %v", i, dry[i], out[i])
		}
		if d, r := dry[i].Refusal, out[i].Refusal; d != nil && d.Code == fault.RateInvalid {
			continue // it tells the moment
		} else if d != nil && strings.Contains(d.Reason, string(fault.RateInvalid)) {
			continue
		} else if d != nil && (d.Field != r.Field || d.Reason != r.Reason || !maps.Equal(d.Facts, r.Facts)) {
			b.t.Fatalf("operation %d: the dry run said %v %v, the run %v %v", i, d, d.Facts, r, r.Facts)
		}
		if len(dry[i].Record.GetLegs()) != len(out[i].Record.GetLegs()) {
			b.t.Fatalf("operation %d: the dry run said %v, the run %v", i, dry[i].Record, out[i].Record)
		}
		for n, l := range dry[i].Record.GetLegs() {
			r := out[i].Record.GetLegs()[n]
			if slices.Contains(dry[i].Gathers, l.GetAccount()) {
				b.said["gathers"]++
				if l.GetAmount() != r.GetAmount() || l.GetAccount() != r.GetAccount() || l.GetKind() != r.GetKind() {
					b.t.Fatalf("operation %d: the dry run said %v, the run %v", i, l, r)
				}
				b.wholeIs(dry[i:], l.GetAccount())
				continue
			}
			if !proto.Equal(l, r) {
				b.t.Fatalf("operation %d: the dry run said %v, the run %v", i, l, r)
			}
		}
	}
}

// wholeIs compares the last that dry runs said of a wallet with what it has over all
// shards now.
func (b *batches) wholeIs(dry []engine.Outcome, account string) {
	b.t.Helper()
	var last *journalv1.Leg
	for _, o := range dry {
		for _, l := range o.Record.GetLegs() {
			if l.GetAccount() == account && l.GetAsset() == "RUB" {
				last = l
			}
		}
	}
	if last == nil || !strings.HasPrefix(account, "wallet:") {
		return
	}
	left := new(big.Int)
	for i, text := range []string{last.GetCredit(), last.GetDebit(), last.GetHeldDebit()} {
		if text == "" {
			continue
		}
		n, _ := booktest.Units("RUB", text)
		if i > 0 {
			n.Neg(n)
		}
		left.Add(left, n)
	}
	if got, want := booktest.Text("RUB", left), b.p.balance(account); got != want {
		b.t.Fatalf("the dry run said that %s will have %s, it has %s", account, got, want)
	}
}

// TestBatchesAgreeWithTheModel: requests of up to twelve operations, on one shard and on four,
// where money is gathered; where none is short, the dry run of the whole said the same.
func TestBatchesAgreeWithTheModel(t *testing.T) {
	t.Parallel()
	for _, shards := range []int{1, 4} {
		t.Run(fmt.Sprint(shards), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, shards)
			b := &batches{t: t, p: w.start("one"), model: booktest.New(), said: map[string]int{}, seed: 1}
			b.fund()
			for b.more(60, "single ", "group ", "again, the same", "again, another", "single insufficient_funds", "foretold") {
				modelled, list := b.request(12, true)
				dry := b.dry(list)
				out := b.p.submit(list...)
				b.p.until("all messages between shards have arrived", b.p.calm)
				b.check(modelled, list, out)
				if !lacking(dry) && !lacking(out) {
					b.foretold(dry, out)
					b.said["foretold"]++
				}
				b.same()
			}
			b.p.allEvents()
			b.p.stop()
			w.sameHeads(1, 8000)
		})
	}
}

// TestDryRunsAgreeWithTheRun: on four shards, one operation or group after another; what
// must gather is foretold too.
func TestDryRunsAgreeWithTheRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	b := &batches{t: t, p: w.start("one"), model: booktest.New(), said: map[string]int{}, seed: 1}
	b.fund()
	for b.more(150, "single ", "group ", "gathers") {
		modelled, list := b.request(3, false)
		for i := range list {
			list[i].Group, modelled[i].Group = uint32(len(list)-1), uint32(len(list)-1)
		}
		dry := b.dry(list)
		out := b.p.submit(list...)
		b.p.until("all messages between shards have arrived", b.p.calm)
		b.check(modelled, list, out)
		b.foretold(dry, out)
		b.same()
	}
	b.p.allEvents()
	b.p.stop()
	w.sameHeads(8000)
}

// lacking says whether money was short: then the run decided in another order.
func lacking(out []engine.Outcome) bool {
	return slices.ContainsFunc(out, func(o engine.Outcome) bool {
		if len(o.Gathers) > 0 || o.Refusal == nil {
			return len(o.Gathers) > 0
		}
		facts := o.Refusal.Facts
		return facts["available"] != "" || facts["because"] == string(fault.InsufficientFunds) || facts["because"] == string(fault.ConditionFailed)
	})
}

// more says whether another request is played: at least so many, and until every kind of
// answer was seen, ten times as many at most.
func (b *batches) more(least int, kinds ...string) bool {
	b.t.Helper()
	b.played++
	if b.played <= least {
		return true
	}
	unseen := slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return b.said[k] > 0 })
	if len(unseen) > 0 && b.played > 10*least {
		b.t.Errorf("nothing was %q: %v", unseen, b.said)
	}
	return len(unseen) > 0 && b.played <= 10*least
}
