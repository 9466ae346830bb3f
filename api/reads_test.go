package api_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// posted is an entry of the naive model: a plain list of these is all it knows.
type posted struct {
	id   string
	at   time.Time
	day  string
	legs []*ledgerv1.NewLeg
	meta map[string]string
	link map[string]string
}

// history posts random entries over several accounts, some of many legs, some dated
// before, and answers them in the order of their recording.
func (c *caller) history(t *testing.T, n int) (list []posted, position string) {
	t.Helper()
	dice := rand.New(rand.NewPCG(1, 2))
	var accounts []string
	for i := range 5 {
		accounts = append(accounts, fmt.Sprintf("customer:h%d", i))
	}
	c.open("", accounts...)
	values := []string{"a", "б «ёлки»", "new\nline, \"quoted\"", "\u202eright to left 🙂"}
	for i := range n {
		p := posted{meta: map[string]string{"note": values[dice.IntN(4)]}, link: map[string]string{}, day: time.Now().AddDate(0, 0, -dice.IntN(70)).Format(time.DateOnly)}
		if dice.IntN(3) > 0 {
			p.link["order"] = fmt.Sprint("o-", dice.IntN(4))
		}
		total := int64(0)
		for range 1 + dice.IntN(3) {
			amount := 1 + dice.Int64N(10_000)
			total += amount
			p.legs = append(p.legs, credit(accounts[dice.IntN(5)], money.RUB.Format(money.New(amount, 2))))
		}
		half := dice.Int64N(total)
		if half > 0 {
			p.legs = append(p.legs, debit("bank:settlement", money.RUB.Format(money.New(half, 2))))
		}
		p.legs = append(p.legs, debit("clearing:x", money.RUB.Format(money.New(total-half, 2))))
		e := &ledgerv1.NewEntry{Kind: "topup", Day: p.day, Legs: p.legs, Metadata: p.meta, Links: p.link}
		answer, err := c.Ledger.Post(t.Context(), &ledgerv1.PostRequest{Book: c.book, Operations: []*ledgerv1.Operation{
			{Key: fmt.Sprint("h-", i), What: &ledgerv1.Operation_Entry{Entry: e}},
		}})
		if err != nil || answer.GetResults()[0].GetRefusal() != nil {
			t.Fatal(err, answer)
		}
		p.id, position = answer.GetResults()[0].GetId(), merged(position, answer.GetPosition())
		got, err := c.Ledger.GetEntry(t.Context(), &ledgerv1.GetEntryRequest{Book: c.book, Which: &ledgerv1.GetEntryRequest_Id{Id: p.id}})
		if err != nil {
			t.Fatal(err)
		}
		p.at = got.GetEntry().GetRecordedAt().AsTime()
		list = append(list, p)
	}
	slices.SortStableFunc(list, func(a, b posted) int { return a.at.Compare(b.at) })
	return list, position
}

// merged is the later of two positions, shard by shard.
func merged(a, b string) string {
	at := map[string]uint64{}
	for _, p := range strings.Split(a+","+b, ",") {
		var shard string
		var seq uint64
		if shard, _, _ = strings.Cut(p, "."); shard != "" {
			_, _ = fmt.Sscanf(p, shard+".%d", &seq)
			at[shard] = max(at[shard], seq)
		}
	}
	var out []string
	for _, shard := range slices.Sorted(maps.Keys(at)) {
		out = append(out, fmt.Sprintf("%s.%d", shard, at[shard]))
	}
	return strings.Join(out, ",")
}

// entries pages through a listing and answers the ids.
func (c *caller) entries(req *ledgerv1.ListEntriesRequest) (ids []string) {
	c.t.Helper()
	for {
		page, err := c.Ledger.ListEntries(c.t.Context(), req)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, e := range page.GetEntries() {
			ids = append(ids, e.GetId())
		}
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			return ids
		}
	}
}

func idsOf(list []posted, fits func(posted) bool) (ids []string) {
	for _, p := range list {
		if fits(p) {
			ids = append(ids, p.id)
		}
	}
	return ids
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func testSearch(t *testing.T, h *house) {
	c := h.caller(t)
	list, position := c.history(t, 40)
	link := func(name, value string) *ledgerv1.ListEntriesRequest {
		return &ledgerv1.ListEntriesRequest{Book: c.book, Of: &ledgerv1.ListEntriesRequest_Link{Link: &ledgerv1.NameValue{Name: name, Value: value}}, MinPosition: position, PageSize: 3}
	}
	meta := func(name, value string) *ledgerv1.ListEntriesRequest {
		return &ledgerv1.ListEntriesRequest{Book: c.book, Of: &ledgerv1.ListEntriesRequest_Metadata{Metadata: &ledgerv1.NameValue{Name: name, Value: value}}, MinPosition: position, PageSize: 3}
	}
	for i := range 5 {
		order := fmt.Sprint("o-", i)
		same(t, order, c.entries(link("order", order)), idsOf(list, func(p posted) bool { return p.link["order"] == order }))
	}
	for _, p := range list[:5] {
		note := p.meta["note"]
		same(t, note, c.entries(meta("note", note)), idsOf(list, func(p posted) bool { return p.meta["note"] == note }))
	}
	same(t, "metadata is no link", c.entries(link("note", list[0].meta["note"])), []string{})
	from, until := list[10].at, list[30].at
	req := link("order", "o-1")
	req.From, req.Until = timestamppb.New(from), timestamppb.New(until)
	in := func(p posted) bool { return !p.at.Before(from) && p.at.Before(until) }
	same(t, "o-1 in between", c.entries(req), idsOf(list, func(p posted) bool { return in(p) && p.link["order"] == "o-1" }))
	of := &ledgerv1.ListEntriesRequest{
		Book: c.book, Of: &ledgerv1.ListEntriesRequest_Account{Account: &ledgerv1.AccountRef{Account: "customer:h1"}},
		From: req.From, Until: req.Until, MinPosition: position, PageSize: 2,
	}
	same(t, "h1 in between", c.entries(of), idsOf(list, func(p posted) bool {
		return in(p) && slices.ContainsFunc(p.legs, func(l *ledgerv1.NewLeg) bool { return l.GetAccount() == "customer:h1" })
	}))

	// A token goes with its query, its book and its key; nothing else takes it.
	one := link("order", "o-1")
	one.PageSize = 1
	page, err := c.Ledger.ListEntries(t.Context(), one)
	if err != nil || page.GetNextPageToken() == "" || page.GetPosition() == "" {
		t.Fatal(err, page)
	}
	for what, bad := range map[string]*ledgerv1.ListEntriesRequest{"another value": link("order", "o-2"), "another sort": meta("order", "o-1")} {
		bad.PageToken = page.GetNextPageToken()
		_, err := c.once().Ledger.ListEntries(t.Context(), bad)
		if r := refused(t, err, fault.Malformed, "page_token"); r == nil {
			t.Error(what)
		}
	}
	stranger := &caller{house: h, t: t, book: c.book, key: h.mint(t, c.book, "reader")}
	theirs := link("order", "o-1")
	theirs.PageToken = page.GetNextPageToken()
	_, err = stranger.once().Ledger.ListEntries(t.Context(), theirs)
	refused(t, err, fault.Malformed, "page_token")

	future := link("order", "o-1")
	future.MinPosition = "0.9000000000"
	_, err = c.once().Ledger.ListEntries(t.Context(), future)
	refused(t, err, fault.PositionTimeout, "min_position")
}

// testCard compares statements with documents, explanations of balances and the general
// ledger with what a plain list of the entries adds up to.
func testCard(t *testing.T, h *house) {
	c := h.caller(t)
	list, position := c.history(t, 40)
	for i := range 5 {
		account := fmt.Sprint("customer:h", i)
		var lines []string
		var sum money.Amount
		for _, p := range list {
			for n, l := range p.legs {
				if l.GetAccount() == account {
					sum = sum.Add(money.MustParse(l.GetAmount()))
					lines = append(lines, fmt.Sprint(p.id, n, l.GetAmount(), money.RUB.Format(sum), p.day, p.meta["note"], p.link["order"]))
				}
			}
		}
		var got []string
		req := &ledgerv1.ListLegsRequest{Book: c.book, Account: account, Documents: true, PageSize: 4, MinPosition: position}
		for more := true; more; more = req.PageToken != "" {
			page, err := c.Ledger.ListLegs(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range page.GetLegs() {
				checkCounters(t, l)
				got = append(got, fmt.Sprint(l.GetEntryId(), l.GetLeg(), l.GetAmount(), l.GetBalance(), l.GetDay(), l.GetMetadata()["note"], l.GetLinks()["order"]))
			}
			req.PageToken = page.GetNextPageToken()
		}
		same(t, account, got, lines)
		c.explained(t, account, position, lines)
	}
	c.generalLedger(t, list, position)
}

// explained reads an account's balance backward, and wants the same lines.
func (c *caller) explained(t *testing.T, account, position string, lines []string) {
	t.Helper()
	var got []string
	req := &ledgerv1.ExplainBalanceRequest{Book: c.book, Account: account, PageSize: 3, MinPosition: position}
	for {
		page, err := c.Ledger.ExplainBalance(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if legs := page.GetLegs(); req.PageToken == "" && len(legs) > 0 &&
			(page.GetBalance().GetBalance() != legs[0].GetBalance() || !strings.Contains(page.GetLinesRussian()[0], legs[0].GetBalance()) || len(page.GetLinesEnglish()) < 2) {
			t.Errorf("the balance is %v, the newest leg %v", page.GetBalance(), legs[0])
		}
		for _, l := range page.GetLegs() {
			checkCounters(t, l)
			got = append(got, fmt.Sprint(l.GetEntryId(), l.GetLeg(), l.GetAmount(), l.GetBalance(), l.GetDay(), l.GetMetadata()["note"], l.GetLinks()["order"]))
		}
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			same(t, "opening of "+account, page.GetOpening(), "0.00")
			break
		}
	}
	slices.Reverse(got)
	same(t, account+" backward", got, lines)
}

// checkCounters wants the other side of a leg to add up to it.
func checkCounters(t *testing.T, l *ledgerv1.StatementLeg) {
	t.Helper()
	var sum money.Amount
	for _, counter := range l.GetCounters() {
		sum = sum.Add(money.MustParse(counter.GetAmount()))
		if counter.GetCode_1C() == "" || !strings.HasPrefix(counter.GetAccount(), "bank:") && !strings.HasPrefix(counter.GetAccount(), "clearing:") {
			t.Errorf("counter-account %v", counter)
		}
	}
	if money.RUB.Format(sum) != l.GetAmount() || l.GetEntryKind() != "topup" || l.GetLate() != (l.GetDay() != l.GetRecordedAt().AsTime().In(moscow(t)).Format(time.DateOnly)) {
		t.Errorf("leg %v", l)
	}
}

func moscow(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// generalLedger wants every month of every type as the list adds it up.
func (c *caller) generalLedger(t *testing.T, list []posted, position string) {
	t.Helper()
	first, last := list[0].day, list[0].day
	sums := map[string]money.Amount{} // type, month -> debits less credits
	for _, p := range list {
		first, last = min(first, p.day), max(last, p.day)
		for _, l := range p.legs {
			kind, _, _ := strings.Cut(l.GetAccount(), ":")
			amount := money.MustParse(l.GetAmount())
			if l.GetSide() == ledgerv1.Side_SIDE_CREDIT {
				amount = amount.Neg()
			}
			sums[kind+p.day[:7]] = sums[kind+p.day[:7]].Add(amount)
		}
	}
	answer, err := c.Ledger.GeneralLedger(t.Context(), &ledgerv1.GeneralLedgerRequest{Book: c.book, From: first[:7], Until: last[:7], MinPosition: position})
	if err != nil {
		t.Fatal(err)
	}
	balance := map[string]money.Amount{}
	for _, r := range answer.GetRows() {
		same(t, "opening", r.GetOpening(), money.RUB.Format(balance[r.GetType()]))
		moved := money.MustParse(r.GetDebit()).Sub(money.MustParse(r.GetCredit()))
		same(t, r.GetType()+r.GetMonth(), money.RUB.Format(moved), money.RUB.Format(sums[r.GetType()+r.GetMonth()]))
		balance[r.GetType()] = balance[r.GetType()].Add(moved)
		same(t, "closing", r.GetClosing(), money.RUB.Format(balance[r.GetType()]))
		for _, side := range [][]*ledgerv1.Correspondence{r.GetDebits(), r.GetCredits()} {
			if len(side) > 2 || len(side) > 0 && side[0].GetCode_1C() == "" {
				t.Errorf("corresponds with %v", side)
			}
		}
	}
	trial, err := c.Ledger.TrialBalance(t.Context(), &ledgerv1.TrialBalanceRequest{Book: c.book})
	if err != nil || len(trial.GetRows()) != len(balance) {
		t.Fatalf("%v: %v of %v", err, balance, trial)
	}
	for _, r := range trial.GetRows() {
		net := money.MustParse(r.GetDebit()).Sub(money.MustParse(r.GetCredit()))
		same(t, "trial balance of "+r.GetType(), money.RUB.Format(balance[r.GetType()]), money.RUB.Format(net))
	}
	_, err = c.once().Ledger.GeneralLedger(t.Context(), &ledgerv1.GeneralLedgerRequest{Book: c.book, From: "2026-02", Until: "2026-01"})
	refused(t, err, fault.Malformed, "until")
	_, err = c.once().Ledger.GeneralLedger(t.Context(), &ledgerv1.GeneralLedgerRequest{Book: c.book, From: "2026-13", Until: "2026-01"})
	refused(t, err, fault.Malformed, "from")
}

func testLook(t *testing.T, h *house) {
	c := h.caller(t)
	c.open("100.00", "customer:look", "customer:other")
	held := c.must(
		&ledgerv1.Operation{Key: "hold-1", What: &ledgerv1.Operation_Hold{Hold: &ledgerv1.NewHold{Account: "customer:look", Asset: "RUB", Amount: "30.00"}}},
		&ledgerv1.Operation{Key: "hold-2", What: &ledgerv1.Operation_Hold{Hold: &ledgerv1.NewHold{Account: "customer:look", Asset: "RUB", Amount: "5.00"}}},
	)
	c.must(&ledgerv1.Operation{Key: "void", What: &ledgerv1.Operation_Void{Void: &ledgerv1.VoidHold{HoldId: held[1].GetId()}}})
	answer, err := c.Ledger.GetBalances(t.Context(), &ledgerv1.GetBalancesRequest{
		Book: c.book, Accounts: []string{"customer:look", "customer:other"}, Asset: "RUB", Holds: true, LatestLegs: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	b := answer.GetBalances()[0]
	if b.GetAvailable() != "70.00" || len(b.GetHolds()) != 1 || b.GetHolds()[0].GetId() != held[0].GetId() || b.GetHolds()[0].GetLeft() != "30.00" ||
		len(b.GetLatest()) != 2 || b.GetLatest()[0].GetAmount() != "-5.00" || b.GetLatest()[1].GetAmount() != "5.00" {
		t.Errorf("%v", b)
	}
	if other := answer.GetBalances()[1]; len(other.GetHolds()) != 0 || len(other.GetLatest()) != 1 || other.GetBalance() != "100.00" {
		t.Errorf("%v", other)
	}
	_, err = c.once().Ledger.GetBalances(t.Context(), &ledgerv1.GetBalancesRequest{Book: c.book, Accounts: []string{"customer:look"}, Holds: true, At: &ledgerv1.Moment{Day: "2026-01-01"}})
	refused(t, err, fault.Malformed, "at")
}

func testExplainRefusal(t *testing.T, h *house) {
	c := h.caller(t)
	c.open("10.00", "customer:poor", "customer:rich")
	refusedOp := c.postOps(entryOp("too much", "transfer", "customer:poor", "customer:rich", "11.00"))[0]
	why := func(req *ledgerv1.ExplainRefusalRequest) *ledgerv1.ExplainRefusalResponse {
		t.Helper()
		req.Book = c.book
		answer, err := c.Ledger.ExplainRefusal(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	byKey := why(&ledgerv1.ExplainRefusalRequest{Which: &ledgerv1.ExplainRefusalRequest_Key{Key: "too much"}})
	byID := why(&ledgerv1.ExplainRefusalRequest{Which: &ledgerv1.ExplainRefusalRequest_Id{Id: refusedOp.GetId()}})
	same(t, "by id and by key", byID.GetLinesRussian(), byKey.GetLinesRussian())
	if !byKey.GetRefused() || byKey.GetRefusal().GetCode() != "insufficient_funds" || byKey.GetActor() != ledgerv1.Actor_ACTOR_OWNER ||
		byKey.GetRefusal().GetRetry() != ledgerv1.Retry_RETRY_CHANGED || byKey.GetEnglish() == "" ||
		!strings.Contains(strings.Join(byKey.GetLinesRussian(), " "), "доступно 10.00") || !strings.Contains(strings.Join(byKey.GetLinesRussian(), " "), "customer:poor") {
		t.Errorf("%v", byKey)
	}
	done := c.must(entryOp("fits", "transfer", "customer:poor", "customer:rich", "1.00"))[0]
	if fine := why(&ledgerv1.ExplainRefusalRequest{Which: &ledgerv1.ExplainRefusalRequest_Key{Key: "fits"}}); fine.GetRefused() || fine.GetEntry().GetId() != done.GetId() {
		t.Errorf("%v", fine)
	}
	_, err := c.once().Ledger.ExplainRefusal(t.Context(), &ledgerv1.ExplainRefusalRequest{Book: c.book, Which: &ledgerv1.ExplainRefusalRequest_Key{Key: "never"}})
	refused(t, err, fault.NotFound, "key")
}
