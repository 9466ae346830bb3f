package ledger_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

var rewrite = flag.Bool("rewrite", false, "write what happens into the scenario files")

// stage is where a scenario plays. #N names the record of number N.
type stage struct {
	*audittest.World
	seen  map[string]bool // accounts that were touched, with their assets
	asked uint64          // record that asked a second person last

	conditions []*journalv1.Condition // of the next operation
	day        string                 // of the next entry; "" is the day of the decision
}

// verbs are the words of scenarios, each followed by its own:
//
//	post KIND ACCOUNT -> ACCOUNT SUM [ASSET][, ...]     debits the first, credits the second
//	reverse #N [part P | leg N SUM | legs N=SUM ...]    gives an entry back
//	correct #N post ...                                 gives it back and posts another
//	exchange SOLD -> BOUGHT at [1/]RATE [RULE] [spread LEG]  sells one asset for another; <- credits what
//	                                                    is sold; SOLD, BOUGHT and LEG are ACCOUNT SUM ASSET
//	hold ACCOUNT SUM [for DURATION]                     keeps money from being spent
//	settle #N SUM|all -> ACCOUNT SUM[, ...] [final]     pays out of a hold
//	settle ... over SUM                                 the same, of up to SUM more than is held
//	late #N SUM -> ACCOUNT SUM[, ...]                   settles one that is over
//	raise #N SUM | lower #N SUM                         holds more or less
//	void #N                                             gives a hold back
//	when CONDITION[, ...]: OPERATION                    only if all hold: ACCOUNT has SUM, ACCOUNT version N
//	pass DURATION | expire #N | balances | left #N
//
// and those of changes of accounts and of days, which changeVerbs and dayVerbs explain.
var verbs = map[string]func(s *stage, words []string) []string{
	"post":     func(s *stage, w []string) []string { return s.do(postOperation(w)) },
	"reverse":  func(s *stage, w []string) []string { return s.do(reverseOperation(w)) },
	"correct":  func(s *stage, w []string) []string { return s.do(correctOperation(w)) },
	"exchange": func(s *stage, w []string) []string { return s.do(exchangeOperation(w)) },
	"hold":     func(s *stage, w []string) []string { return s.do(holdOperation(w)) },
	"settle":   func(s *stage, w []string) []string { return s.do(settleOperation(w)) },
	"late":     func(s *stage, w []string) []string { return s.do(lateOperation(w)) },
	"raise":    func(s *stage, w []string) []string { return s.do(audittest.Resize(number(w[0]), w[1], "")) },
	"lower":    func(s *stage, w []string) []string { return s.do(audittest.Resize(number(w[0]), "", w[1])) },
	"void":     func(s *stage, w []string) []string { return s.do(audittest.Void(number(w[0]))) },
	"pass":     func(s *stage, w []string) []string { s.Pass(0, duration(w[0])); return nil },
	"expire":   func(s *stage, w []string) []string { s.Expire(0, number(w[0])); return s.tell() },
	"balances": func(s *stage, _ []string) []string { return s.balances() },
	"left":     func(s *stage, w []string) []string { return s.left(number(w[0])) },
}

// TestScenarios plays testdata/*.txt. A line at the margin is done, the lines indented
// below it are what must happen; # begins a remark.
func TestScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			w := audittest.New()
			got := play(w, string(raw))
			audited(t, w)
			switch {
			case got == string(raw):
			case *rewrite:
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("%s differs (go test -rewrite shows how); it gives now:\n%s", file, got)
			}
		})
	}
}

func play(w *audittest.World, text string) string {
	s := &stage{World: w, seen: map[string]bool{}}
	var out []string
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "    ") {
			continue
		}
		out = append(out, line)
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if words[0] == "when" {
			words = s.when(words[1:])
		}
		if words[0] == "on" {
			s.day, words = strings.TrimSuffix(words[1], ":"), words[2:]
		}
		verb := verbOf(words[0])
		for _, l := range verb(s, words[1:]) {
			out = append(out, "    "+l)
		}
	}
	return strings.Join(out, "\n") + "\n"
}

func verbOf(word string) func(s *stage, words []string) []string {
	for _, known := range []map[string]func(s *stage, words []string) []string{verbs, changeVerbs, dayVerbs} {
		if verb := known[word]; verb != nil {
			return verb
		}
	}
	panic("no verb " + word)
}

// when reads the conditions of an operation and gives the words behind them.
func (s *stage) when(words []string) []string {
	until := slices.IndexFunc(words, func(w string) bool { return strings.HasSuffix(w, ":") })
	list := append(slices.Clone(words[:until]), strings.TrimSuffix(words[until], ":"))
	for _, w := range parts(list) {
		c := &journalv1.Condition{Account: w[0], Asset: "RUB", What: &journalv1.Condition_AtLeast{AtLeast: w[2]}}
		if w[1] == "version" {
			c.What = &journalv1.Condition_Version{Version: &journalv1.StripeVersion{Version: number(w[2])}}
		}
		s.conditions = append(s.conditions, c)
	}
	return words[until+1:]
}

// do decides an operation.
func (s *stage) do(op *commandv1.Operation) []string {
	op.Conditions, s.conditions = s.conditions, nil
	if p := op.GetPost(); p != nil {
		p.Day, s.day = s.day, ""
	}
	s.Do(0, op)
	return s.tell()
}

// tell says what the last record says.
func (s *stage) tell() []string {
	records := s.Records(0)
	rec := records[len(records)-1].Record
	if r := rec.GetRefusal(); r != nil {
		return []string{fmt.Sprintf("refused %s: %s", r.GetCode(), r.GetReason())}
	}
	head := "#" + strconv.FormatUint(rec.GetSeq(), 10)
	if e := rec.GetEntry(); e != nil {
		head += " " + e.GetKind()
		for _, name := range slices.Sorted(maps.Keys(e.GetLinks())) {
			head += ", " + name + " " + e.GetLinks()[name]
		}
	}
	if day := rec.GetEntry().GetDay(); day != "" && day != audittest.Day(rec.GetClockUs()) {
		head += ", dated " + day
	}
	if m := rec.GetScheduled(); m != nil {
		head += ": " + scheduledLine(m)
	}
	if m := rec.GetConfirmed().GetRule(); m != nil {
		return append([]string{head + " " + m.GetChange()}, ruleLines(m)...)
	}
	if m := rec.GetApproval(); m != nil {
		return []string{head + " " + approvalLine(m)}
	}
	for _, a := range rec.GetAccounts() {
		head += " opens " + a.GetName()
	}
	lines := []string{head}
	if x := rec.GetEntry().GetExchange(); x != nil {
		lines = append(lines, fmt.Sprintf("rate %s of %s on %s: %s, rounded %s to %s, which added %s", x.GetRate(), x.GetSource(),
			time.UnixMicro(x.GetRateUs()).UTC().Format(time.DateOnly), x.GetExact(), x.GetRounding(), x.GetRounded(), x.GetDifference()))
	}
	for _, c := range rec.GetConditions() {
		if c.GetVersion() != nil {
			lines = append(lines, fmt.Sprintf("when   %-18s at version %d", c.GetAccount(), c.GetVersion().GetVersion()))
		} else {
			lines = append(lines, fmt.Sprintf("when   %-18s has %s %s", c.GetAccount(), c.GetAtLeast(), c.GetAsset()))
		}
	}
	for _, l := range rec.GetLegs() {
		s.seen[l.GetAccount()+" "+l.GetAsset()] = true
		lines = append(lines, fmt.Sprintf("%-6s %-18s %s %s", legWords[l.GetKind()], l.GetAccount(), l.GetAmount(), l.GetAsset()))
	}
	for _, h := range rec.GetHolds() {
		line := fmt.Sprintf("hold #%d on %s is %s, %s of %s left", h.GetPlacedSeq(), h.GetAccount(), holdStates[h.GetState()], h.GetLeft(), h.GetAmount())
		if h.GetLate() != "" {
			line += ", " + h.GetLate() + " may be settled late"
		}
		if h.GetOver() != "" {
			line += ", " + h.GetOver() + " beyond it"
		}
		lines = append(lines, line)
	}
	return lines
}

var legWords = map[journalv1.LegKind]string{
	journalv1.LegKind_LEG_KIND_DEBIT: "debit", journalv1.LegKind_LEG_KIND_CREDIT: "credit",
	journalv1.LegKind_LEG_KIND_HOLD_DEBIT: "held", journalv1.LegKind_LEG_KIND_HOLD_CREDIT: "held",
}

// balances are those of all accounts that were touched.
func (s *stage) balances() []string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(s.seen)) {
		account, asset, _ := strings.Cut(key, " ")
		name, _ := book.ParseName("account", account)
		t, _ := book.LookupType(name.Type)
		a, _ := money.LookupAsset(asset)
		st := s.Stripe(0, account, asset)
		line := fmt.Sprintf("%-18s %s %s", account, a.Format(st.Balance(t.Class)), asset)
		if st.Available(t.Class).Cmp(st.Balance(t.Class)) != 0 {
			line += ", available " + a.Format(st.Available(t.Class))
		}
		lines = append(lines, line)
	}
	return lines
}

// left says what is left of each leg of an entry.
func (s *stage) left(seq uint64) []string {
	var o book.Original
	for _, r := range s.Records(0) {
		if r.Record.GetSeq() == seq {
			o, _ = ledger.OriginalOf(r.Record)
		}
		if by, ok := ledger.ReversedBy(r.Record); ok && by.Seq == seq {
			o = by
		}
	}
	var lines []string
	for _, l := range o.Legs {
		a := l.Change.Asset
		lines = append(lines, fmt.Sprintf("leg %d %-18s %s of %s left", l.Leg, l.Change.Account, a.Format(l.Left()), a.Format(l.Change.Amount)))
	}
	return lines
}

func number(word string) uint64 {
	n, err := strconv.ParseUint(strings.TrimPrefix(word, "#"), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func duration(word string) time.Duration {
	d, err := time.ParseDuration(word)
	if err != nil {
		panic(err)
	}
	return d
}

// parts are the words between commas.
func parts(words []string) [][]string {
	var out [][]string
	for part := range strings.SplitSeq(strings.Join(words, " "), ",") {
		out = append(out, strings.Fields(part))
	}
	return out
}

// asset is the word at a place, or rubles.
func asset(words []string, at int) string {
	if len(words) > at {
		return words[at]
	}
	return "RUB"
}

// postOperation reads KIND ACCOUNT -> ACCOUNT SUM [ASSET], ...
func postOperation(words []string) *commandv1.Operation {
	op := audittest.Post(words[0], "")
	op.GetPost().Metadata, op.GetPost().Links = nil, nil
	for _, w := range parts(words[1:]) {
		op.GetPost().Legs = append(op.GetPost().Legs,
			audittest.Leg('D', w[0], asset(w, 4), w[3]), audittest.Leg('C', w[2], asset(w, 4), w[3]))
	}
	return op
}

// reverseOperation reads #N [part P | leg N SUM | legs N=SUM ...].
func reverseOperation(words []string) *commandv1.Operation {
	r := &commandv1.Reverse{Seq: number(words[0])}
	if len(words) > 1 {
		switch words[1] {
		case "part":
			r.Part = words[2]
		case "leg":
			r.ByLeg = &commandv1.LegAmount{Leg: uint32(number(words[2])), Amount: words[3]}
		case "legs":
			for _, w := range words[2:] {
				leg, sum, _ := strings.Cut(w, "=")
				r.Legs = append(r.Legs, &commandv1.LegAmount{Leg: uint32(number(leg)), Amount: sum})
			}
		}
	}
	return &commandv1.Operation{What: &commandv1.Operation_Reverse{Reverse: r}}
}

// correctOperation reads #N post ...
func correctOperation(words []string) *commandv1.Operation {
	return &commandv1.Operation{What: &commandv1.Operation_Correct{Correct: &commandv1.Correct{
		Seq: number(words[0]), Post: postOperation(words[2:]).GetPost(),
	}}}
}

// exchangeOperation reads SOLD -> BOUGHT at [1/]RATE [RULE] [spread LEG].
func exchangeOperation(w []string) *commandv1.Operation {
	sold, bought := byte('D'), byte('C')
	if w[3] == "<-" {
		sold, bought = bought, sold
	}
	rate, inverse := strings.CutPrefix(w[8], "1/")
	op := audittest.Exchange(rate, audittest.Leg(sold, w[0], w[2], w[1]), audittest.Leg(bought, w[4], w[6], w[5]))
	op.GetExchange().Inverse = inverse
	for rest := w[9:]; len(rest) > 0; {
		if rest[0] == "spread" {
			op.GetExchange().Spread = audittest.Leg(bought, rest[1], rest[3], rest[2])
			break
		}
		op.GetExchange().Rounding, rest = rest[0], rest[1:]
	}
	return op
}

// holdOperation reads ACCOUNT SUM [for DURATION].
func holdOperation(words []string) *commandv1.Operation {
	expires := time.Duration(0)
	if len(words) > 3 {
		expires = duration(words[3])
	}
	return audittest.Place(words[0], "RUB", words[1], expires)
}

// settleOperation reads #N SUM|all -> ACCOUNT SUM[, ...] [final] [over SUM].
func settleOperation(words []string) *commandv1.Operation {
	over := ""
	if n := len(words); words[n-2] == "over" {
		words, over = words[:n-2], words[n-1]
	}
	final := words[len(words)-1] == "final"
	if final {
		words = words[:len(words)-1]
	}
	op := audittest.Settle(number(words[0]), strings.TrimPrefix(words[1], "all"), final, credits(words[3:])...)
	op.GetSettle().OverLimit = over
	return op
}

// lateOperation reads #N SUM -> ACCOUNT SUM[, ...].
func lateOperation(words []string) *commandv1.Operation {
	return audittest.SettleLate(number(words[0]), words[1], credits(words[3:])...)
}

// credits reads ACCOUNT SUM[, ...].
func credits(words []string) []*commandv1.Leg {
	var legs []*commandv1.Leg
	for _, w := range parts(words) {
		legs = append(legs, audittest.Leg('C', w[0], "RUB", w[1]))
	}
	return legs
}
