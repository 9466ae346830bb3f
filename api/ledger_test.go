package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

func debit(account, amount string) *ledgerv1.NewLeg {
	return &ledgerv1.NewLeg{Account: account, Asset: "RUB", Side: ledgerv1.Side_SIDE_DEBIT, Amount: amount}
}

func credit(account, amount string) *ledgerv1.NewLeg {
	return &ledgerv1.NewLeg{Account: account, Asset: "RUB", Side: ledgerv1.Side_SIDE_CREDIT, Amount: amount}
}

// entryOp is an entry of two legs.
func entryOp(key, kind, from, to, amount string) *ledgerv1.Operation {
	return &ledgerv1.Operation{Key: key, What: &ledgerv1.Operation_Entry{Entry: &ledgerv1.NewEntry{
		Kind: kind, Legs: []*ledgerv1.NewLeg{debit(from, amount), credit(to, amount)},
	}}}
}

// open opens customer accounts and gives each money from the bank.
func (c *caller) open(money string, names ...string) {
	c.t.Helper()
	req := &ledgerv1.OpenAccountsRequest{Book: c.book}
	for _, n := range names {
		req.Accounts = append(req.Accounts, &ledgerv1.OpenAccount{Name: n})
	}
	answer, err := c.Ledger.OpenAccounts(c.t.Context(), req)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, r := range answer.GetResults() {
		if r.GetRefusal() != nil {
			c.t.Fatal(r.GetRefusal())
		}
	}
	if money == "" {
		return
	}
	for _, n := range names {
		c.must(entryOp("", "topup", "bank:settlement", n, money))
	}
}

// postOps posts and returns the results.
func (c *caller) postOps(ops ...*ledgerv1.Operation) []*ledgerv1.OperationResult {
	c.t.Helper()
	answer, err := c.Ledger.Post(c.t.Context(), &ledgerv1.PostRequest{Book: c.book, Operations: ops})
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.GetResults()
}

// must posts operations that may not be refused.
func (c *caller) must(ops ...*ledgerv1.Operation) []*ledgerv1.OperationResult {
	c.t.Helper()
	results := c.postOps(ops...)
	for _, r := range results {
		if r.GetRefusal() != nil {
			c.t.Fatal(r.GetRefusal())
		}
	}
	return results
}

// balances reads "balance available" of accounts at a position.
func (c *caller) balances(position string, names ...string) []string {
	c.t.Helper()
	answer, err := c.Ledger.GetBalances(c.t.Context(), &ledgerv1.GetBalancesRequest{
		Book: c.book, Accounts: names, Asset: "RUB", MinPosition: position,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	var out []string
	for _, b := range answer.GetBalances() {
		out = append(out, b.GetBalance()+" "+b.GetAvailable())
	}
	return out
}

func (c *caller) wantBalances(names []string, want ...string) {
	c.t.Helper()
	if got := c.balances("", names...); fmt.Sprint(got) != fmt.Sprint(want) {
		c.t.Fatalf("%v: %v, want %v", names, got, want)
	}
}

func testPost(t *testing.T, h *house) {
	c := h.caller(t)
	a, b := "customer:a", "customer:b"
	c.open("100.00", a, b)
	op := entryOp("k1", "transfer", a, b, "30.50")
	first := c.must(op)[0]
	if first.GetId() == "" || first.GetReplayed() || len(first.GetBalances()) != 2 {
		t.Fatalf("%v", first)
	}
	if got := first.GetBalances()[0]; got.GetAccount() != a || got.GetBalance() != "69.50" || got.GetAvailable() != "69.50" {
		t.Errorf("after: %v", got)
	}
	again := c.must(op)[0]
	if !again.GetReplayed() || again.GetId() != first.GetId() || again.GetBalances()[0].GetBalance() != "69.50" {
		t.Errorf("the same again: %v", again)
	}
	c.wantBalances([]string{a, b}, "69.50 69.50", "130.50 130.50")
	// A dry run says what would be and leaves nothing, not even its key.
	dry, err := c.Ledger.Post(t.Context(), &ledgerv1.PostRequest{Book: c.book, DryRun: true, Operations: []*ledgerv1.Operation{
		entryOp("dry", "transfer", a, b, "69.50"), entryOp("dry2", "transfer", a, b, "1.00"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if dry.GetPosition() != "" || dry.GetResults()[0].GetId() != "" || dry.GetResults()[0].GetRefusal() != nil ||
		dry.GetResults()[0].GetBalances()[0].GetBalance() != "0.00" {
		t.Errorf("dry run: %v", dry)
	}
	c.must(entryOp("dry", "transfer", a, b, "1.00"))
	c.wantBalances([]string{a, b}, "68.50 68.50", "131.50 131.50")
}

func testHolds(t *testing.T, h *house) {
	c := h.caller(t)
	a, b := "customer:a", "customer:b"
	c.open("100.00", a, b)
	placed := c.must(&ledgerv1.Operation{Key: "h1", What: &ledgerv1.Operation_Hold{Hold: &ledgerv1.NewHold{Account: a, Asset: "RUB", Amount: "60.00"}}})[0]
	c.wantBalances([]string{a}, "100.00 40.00")
	short := c.postOps(entryOp("", "transfer", a, b, "40.01"))[0].GetRefusal()
	part(t, short, fault.InsufficientFunds, "operations[0].entry.legs[0].account")
	if short.GetFacts()["available"] != "40.00" {
		t.Errorf("facts: %v", short.GetFacts())
	}
	settle := func(key, amount string, final bool) *ledgerv1.Operation {
		return &ledgerv1.Operation{Key: key, What: &ledgerv1.Operation_Settle{Settle: &ledgerv1.SettleHold{
			HoldId: placed.GetId(), Amount: amount, Kind: "capture", Final: final, Credits: []*ledgerv1.NewLeg{credit(b, amount)},
		}}}
	}
	c.must(settle("s1", "20.00", false))
	part(t, c.postOps(settle("s2", "40.01", false))[0].GetRefusal(), fault.HoldExceeded, "operations[0].settle.amount")
	hold, err := c.Ledger.GetHold(t.Context(), &ledgerv1.GetHoldRequest{Book: c.book, Id: placed.GetId()})
	if err != nil || hold.GetHold().GetLeft() != "40.00" || hold.GetHold().GetState() != ledgerv1.HoldState_HOLD_STATE_PLACED {
		t.Fatalf("%v %v", hold, err)
	}
	c.must(&ledgerv1.Operation{Key: "v1", What: &ledgerv1.Operation_Void{Void: &ledgerv1.VoidHold{HoldId: placed.GetId()}}})
	c.wantBalances([]string{a, b}, "80.00 80.00", "120.00 120.00")
	part(t, c.postOps(settle("s3", "1.00", true))[0].GetRefusal(), fault.HoldNotOpen, "operations[0].settle.hold_id")
	late := func(key, amount string) *ledgerv1.Operation {
		return &ledgerv1.Operation{Key: key, What: &ledgerv1.Operation_SettleLate{SettleLate: &ledgerv1.SettleLate{
			HoldId: placed.GetId(), Amount: amount, Kind: "capture", Credits: []*ledgerv1.NewLeg{credit(b, amount)},
		}}}
	}
	c.must(late("l1", "30.00"))
	part(t, c.postOps(late("l2", "10.01"))[0].GetRefusal(), fault.HoldExceeded, "operations[0].settle_late.amount")
	c.wantBalances([]string{a, b}, "50.00 50.00", "150.00 150.00")
	second := c.must(&ledgerv1.Operation{Key: "h2", What: &ledgerv1.Operation_Hold{Hold: &ledgerv1.NewHold{Account: a, Asset: "RUB", Amount: "10.00"}}})[0]
	resize := &ledgerv1.ResizeHold{HoldId: second.GetId(), By: &ledgerv1.ResizeHold_Increase{Increase: "5.00"}}
	c.must(&ledgerv1.Operation{Key: "r1", What: &ledgerv1.Operation_Resize{Resize: resize}})
	resize.By = &ledgerv1.ResizeHold_Increase{Increase: "35.01"}
	part(t, c.postOps(&ledgerv1.Operation{Key: "r2", What: &ledgerv1.Operation_Resize{Resize: resize}})[0].GetRefusal(),
		fault.InsufficientFunds, "operations[0].resize.hold_id")
	over := settle("s4", "20.00", false)
	over.GetSettle().HoldId, over.GetSettle().OverLimit = second.GetId(), "5.00"
	c.must(over)
	c.wantBalances([]string{a, b}, "30.00 30.00", "170.00 170.00")
	wantHolds(t, c, a, placed.GetId(), second.GetId())
	_, err = c.Ledger.GetHold(t.Context(), &ledgerv1.GetHoldRequest{Book: c.book, Id: "0.999999"})
	refused(t, err, fault.HoldUnknown, "id")
	_, err = h.caller(t).Ledger.GetHold(t.Context(), &ledgerv1.GetHoldRequest{Book: fmt.Sprintf("book-%d", h.books.Load()-1), Id: placed.GetId()})
	if err == nil {
		t.Error("another book's key sees the hold")
	}
}

// wantHolds: the account has one voided hold, one settled and three placed ones; the first
// one's history is placed, settled in part, voided, settled late.
func wantHolds(t *testing.T, c *caller, account, voided, settled string) {
	t.Helper()
	var placed []string
	for range 3 {
		placed = append(placed, c.must(&ledgerv1.Operation{What: &ledgerv1.Operation_Hold{Hold: &ledgerv1.NewHold{Account: account, Asset: "RUB", Amount: "1.00"}}})[0].GetId())
	}
	for state, want := range map[ledgerv1.HoldState][]string{
		ledgerv1.HoldState_HOLD_STATE_UNSPECIFIED: placed, ledgerv1.HoldState_HOLD_STATE_PLACED: placed,
		ledgerv1.HoldState_HOLD_STATE_VOIDED: {voided}, ledgerv1.HoldState_HOLD_STATE_SETTLED: {settled},
		ledgerv1.HoldState_HOLD_STATE_EXPIRED: nil,
	} {
		var got []string
		req := &ledgerv1.ListHoldsRequest{Book: c.book, Account: account, State: state, PageSize: 2}
		for {
			answer, err := c.Ledger.ListHolds(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range answer.GetHolds() {
				got = append(got, h.GetId())
			}
			if req.PageToken = answer.GetNextPageToken(); req.PageToken == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v: %v, want %v", state, got, want)
		}
	}
	answer, err := c.Ledger.GetHold(t.Context(), &ledgerv1.GetHoldRequest{Book: c.book, Id: voided, History: true})
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range answer.GetHistory() {
		left = append(left, e.GetHolds()[0].GetState().String()[len("HOLD_STATE_"):]+" "+e.GetHolds()[0].GetLeft()+" "+e.GetHolds()[0].GetLate())
	}
	if want := []string{"PLACED 60.00 ", "PLACED 40.00 ", "VOIDED 0.00 40.00", "VOIDED 0.00 10.00"}; !slices.Equal(left, want) ||
		answer.GetHold().GetLate() != "10.00" || answer.GetMoreHistory() {
		t.Errorf("%v, want %v", left, want)
	}
	_, err = c.Ledger.ListHolds(t.Context(), &ledgerv1.ListHoldsRequest{Book: c.book, Account: "no such"})
	refused(t, err, fault.AccountInvalid, "account")
}

func testGroups(t *testing.T, h *house) {
	c := h.caller(t)
	a, b := "customer:a", "customer:b"
	c.open("10.00", a, b) // 11.00 at most: the third operation goes its own way and may be first
	good, bad, alone := entryOp("g1", "transfer", a, b, "5.00"), entryOp("g2", "transfer", a, b, "6.01"), entryOp("g3", "transfer", b, a, "1.00")
	good.Group, bad.Group = 1, 1
	results := c.postOps(good, bad, alone)
	if results[0].GetRefusal().GetCode() != string(fault.GroupFailed) || results[2].GetRefusal() != nil {
		t.Errorf("%v", results)
	}
	part(t, results[1].GetRefusal(), fault.InsufficientFunds, "operations[1].entry.legs[0].account")
	c.wantBalances([]string{a, b}, "11.00 11.00", "9.00 9.00")

	// What would not be all or none is refused whole, and says where it is wrong.
	again, same := entryOp("g4", "transfer", a, b, "1.00"), entryOp("g4", "transfer", a, b, "1.00")
	again.Group, same.Group = 1, 1
	apart, other := entryOp("g5", "transfer", a, b, "1.00"), entryOp("g6", "transfer", a, b, "1.00")
	apart.Group, other.Group = 2, 2
	for field, ops := range map[string][]*ledgerv1.Operation{"operations[1].key": {again, same}, "operations[2].group": {apart, entryOp("g7", "transfer", a, b, "1.00"), other}} {
		_, err := c.once().Ledger.Post(t.Context(), &ledgerv1.PostRequest{Book: c.book, Operations: ops})
		refused(t, err, fault.Malformed, field)
	}
	c.wantBalances([]string{a, b}, "11.00 11.00", "9.00 9.00")

	// Keys of the house are nobody else's: whoever took one would stand in its way.
	for _, begins := range engine.HouseKeys() {
		key := begins + "1"
		_, err := c.once().Ledger.Post(t.Context(), &ledgerv1.PostRequest{Book: c.book, Operations: []*ledgerv1.Operation{entryOp(key, "transfer", a, b, "1.00")}})
		refused(t, err, fault.Malformed, "operations[0].key")
		_, err = c.once().Companies.OpenCompany(t.Context(), &companyv1.OpenCompanyRequest{
			Book: c.book, Key: key, Details: &companyv1.CompanyDetails{Inn: requisite.ExampleINN(1), Name: "ООО «Ромашка»"}, Tariff: &companyv1.Tariff{Percent: "3"},
		})
		refused(t, err, fault.Malformed, "key")
		_, err = c.once().Ledger.GetEntry(t.Context(), &ledgerv1.GetEntryRequest{Book: c.book, Which: &ledgerv1.GetEntryRequest_Key{Key: key}})
		refused(t, err, fault.NotFound, "key") // it may be looked up
	}
}

func testReads(t *testing.T, h *house) {
	c := h.caller(t)
	a, b := "customer:a", "customer:b"
	c.open("100.00", a, b)
	op := entryOp("k1", "transfer", a, b, "25.00")
	op.GetEntry().Metadata = map[string]string{"order": "17"}
	op.GetEntry().Links = map[string]string{"deal": "deal-7"}
	id := c.must(op)[0].GetId()
	for _, req := range []*ledgerv1.GetEntryRequest{
		{Book: c.book, Which: &ledgerv1.GetEntryRequest_Id{Id: id}}, {Book: c.book, Which: &ledgerv1.GetEntryRequest_Key{Key: "k1"}},
	} {
		answer, err := c.Ledger.GetEntry(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		e := answer.GetEntry()
		if e.GetId() != id || e.GetKind() != "transfer" || e.GetMetadata()["order"] != "17" || e.GetLinks()["deal"] != "deal-7" ||
			len(e.GetLegs()) != 2 || e.GetLegs()[0].GetAmount() != "25.00" || e.GetKey() != "k1" || e.GetCommand() == "" || e.GetActor() == "" {
			t.Errorf("%v", e)
		}
	}
	_, err := c.Ledger.GetEntry(t.Context(), &ledgerv1.GetEntryRequest{Book: c.book, Which: &ledgerv1.GetEntryRequest_Key{Key: "nobody's"}})
	refused(t, err, fault.NotFound, "key")
	other := h.caller(t)
	_, err = other.Ledger.GetEntry(t.Context(), &ledgerv1.GetEntryRequest{Book: other.book, Which: &ledgerv1.GetEntryRequest_Id{Id: id}})
	refused(t, err, fault.NotFound, "id")

	trial, err := c.Ledger.TrialBalance(t.Context(), &ledgerv1.TrialBalanceRequest{Book: c.book, MinPosition: id})
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, r := range trial.GetRows() {
		rows = append(rows, strings.Join([]string{r.GetType(), r.GetCode_1C(), r.GetDebitBalance(), r.GetCreditBalance()}, " "))
	}
	if fmt.Sprint(rows) != "[bank 51 200.00  customer 62.02  200.00]" || trial.GetTotals()[0].GetDebit() != trial.GetTotals()[0].GetCredit() {
		t.Errorf("%v %v", rows, trial.GetTotals())
	}
	list, err := c.Ledger.ListAccounts(t.Context(), &ledgerv1.ListAccountsRequest{Book: c.book, Prefix: "customer:"})
	if err != nil || len(list.GetAccounts()) != 2 || list.GetAccounts()[0].GetName() != a {
		t.Errorf("%v %v", list, err)
	}
	if list, err := c.Ledger.ListAccounts(t.Context(), &ledgerv1.ListAccountsRequest{Book: c.book, Prefix: "wallet"}); err != nil || len(list.GetAccounts()) != 0 {
		t.Errorf("%v %v", list, err)
	}
	_, err = c.Ledger.GetBalances(t.Context(), &ledgerv1.GetBalancesRequest{Book: c.book, Accounts: []string{a, "nothing"}})
	refused(t, err, fault.AccountInvalid, "accounts[1]")
	stripes, err := c.Ledger.GetBalances(t.Context(), &ledgerv1.GetBalancesRequest{Book: c.book, Accounts: []string{"bank:settlement", a}, Stripes: true})
	if err != nil || len(stripes.GetBalances()) != 2 || len(stripes.GetBalances()[0].GetStripes()) == 0 || stripes.GetBalances()[0].GetBalance() != "200.00" {
		t.Errorf("%v %v", stripes, err)
	}
	where, err := c.Ledger.GetPosition(t.Context(), &ledgerv1.GetPositionRequest{Book: c.book})
	if err != nil || len(where.GetShards()) != shards || len(where.GetShards()[0].GetHead()) != 64 {
		t.Errorf("%v %v", where, err)
	}
	table, err := c.Ledger.ListRefusals(t.Context(), &ledgerv1.ListRefusalsRequest{})
	if err != nil || len(table.GetRefusals()) != len(fault.Table()) {
		t.Errorf("%v %v", table, err)
	}
}

func testStatementOfAccount(t *testing.T, h *house) {
	c := h.caller(t)
	a, b := "customer:a", "customer:b"
	c.open("100.00", a, b)
	for i := range 5 {
		c.must(entryOp(fmt.Sprint("t", i), "transfer", a, b, "10.00"))
	}
	var lines []string
	token, opening := "", ""
	for {
		answer, err := c.Ledger.ListLegs(t.Context(), &ledgerv1.ListLegsRequest{Book: c.book, Account: a, PageSize: 2, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		if opening != "" && answer.GetOpening() != opening {
			t.Errorf("the page begins with %s, the one before ended with %s", answer.GetOpening(), opening)
		}
		opening = answer.GetClosing()
		for _, l := range answer.GetLegs() {
			lines = append(lines, l.GetBalance())
		}
		if token = answer.GetNextPageToken(); token == "" {
			break
		}
	}
	if fmt.Sprint(lines) != "[100.00 90.00 80.00 70.00 60.00 50.00]" {
		t.Error(lines)
	}
	newest, err := c.Ledger.ListLegs(t.Context(), &ledgerv1.ListLegsRequest{Book: c.book, Account: a, NewestFirst: true, PageSize: 1})
	if err != nil || newest.GetLegs()[0].GetAmount() != "10.00" || newest.GetOpening() != "" {
		t.Errorf("%v %v", newest, err)
	}
	last := newest.GetLegs()[0].GetRecordedAt()
	c.open("1.00", "customer:g", "customer:h", "customer:i", "customer:j") // every shard's clock moves on
	tail, err := c.Ledger.ListLegs(t.Context(), &ledgerv1.ListLegsRequest{
		Book: c.book, Account: a, From: last, Until: timestamppb.New(last.AsTime().Add(time.Microsecond)),
	})
	if err != nil || tail.GetOpening() != "60.00" || tail.GetClosing() != "50.00" || len(tail.GetLegs()) != 1 {
		t.Errorf("%v %v", tail, err)
	}
	entries, err := c.Ledger.ListEntries(t.Context(), &ledgerv1.ListEntriesRequest{
		Book: c.book, Of: &ledgerv1.ListEntriesRequest_Account{Account: &ledgerv1.AccountRef{Account: b}},
	})
	if err != nil || len(entries.GetEntries()) != 6 {
		t.Errorf("%v %v", entries, err)
	}
	c.open("1.00", "customer:c", "customer:d", "customer:e", "customer:f") // every shard's clock moves on
	before, err := c.Ledger.GetBalances(t.Context(), &ledgerv1.GetBalancesRequest{
		Book: c.book, Accounts: []string{a}, Asset: "RUB", At: &ledgerv1.Moment{KnownAt: timestamppb.New(last.AsTime().Add(-time.Microsecond))},
	})
	if err != nil || before.GetBalances()[0].GetBalance() != "60.00" {
		t.Errorf("%v %v", before, err)
	}
	_, err = c.once().Ledger.ListLegs(t.Context(), &ledgerv1.ListLegsRequest{Book: c.book, Account: a, Until: timestamppb.New(time.Now().Add(24 * time.Hour))})
	if r := refused(t, err, fault.PositionTimeout, "min_position"); r.Retry != client.RetrySame {
		t.Errorf("%+v", r)
	}
}

func testPages(t *testing.T, h *house) {
	c := h.caller(t)
	c.open("1.00", "customer:a", "customer:b", "customer:c")
	first, err := c.Ledger.ListBalances(t.Context(), &ledgerv1.ListBalancesRequest{Book: c.book, Type: "customer", PageSize: 2})
	if err != nil || len(first.GetBalances()) != 2 || first.GetNextPageToken() == "" {
		t.Fatalf("%v %v", first, err)
	}
	second, err := c.Ledger.ListBalances(t.Context(), &ledgerv1.ListBalancesRequest{Book: c.book, Type: "customer", PageSize: 2, PageToken: first.GetNextPageToken()})
	if err != nil || len(second.GetBalances()) != 1 || second.GetBalances()[0].GetAccount() != "customer:c" {
		t.Fatalf("%v %v", second, err)
	}
	_, err = c.Ledger.ListBalances(t.Context(), &ledgerv1.ListBalancesRequest{Book: c.book, Type: "bank", PageToken: first.GetNextPageToken()})
	refused(t, err, fault.Malformed, "page_token")
	_, err = c.Ledger.ListAccounts(t.Context(), &ledgerv1.ListAccountsRequest{Book: c.book, PageToken: first.GetNextPageToken()})
	refused(t, err, fault.Malformed, "page_token")
	_, err = c.once().Ledger.ListBalances(t.Context(), &ledgerv1.ListBalancesRequest{Book: c.book, Type: "customer", MinPosition: "0.99999999"})
	refused(t, err, fault.PositionTimeout, "min_position")
}
