package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/ledger/fault"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// changeOf is a change of an account; what says which.
func changeOf(key, account, reason string, what any) *ledgerv1.AccountChange {
	c := &ledgerv1.AccountChange{Key: key, Account: account, Reason: reason}
	switch what := what.(type) {
	case *ledgerv1.FreezeAccount:
		c.What = &ledgerv1.AccountChange_Freeze{Freeze: what}
	case *ledgerv1.UnfreezeAccount:
		c.What = &ledgerv1.AccountChange_Unfreeze{Unfreeze: what}
	case *ledgerv1.CloseAccount:
		c.What = &ledgerv1.AccountChange_Close{Close: what}
	case *ledgerv1.ReopenAccount:
		c.What = &ledgerv1.AccountChange_Reopen{Reopen: what}
	case *ledgerv1.SetLimit:
		c.What = &ledgerv1.AccountChange_Limit{Limit: what}
	default:
		panic(fmt.Sprintf("%T", what))
	}
	return c
}

func (c *caller) change(changes ...*ledgerv1.AccountChange) *ledgerv1.ChangeAccountsResponse {
	c.t.Helper()
	answer, err := c.Ledger.ChangeAccounts(c.t.Context(), &ledgerv1.ChangeAccountsRequest{Book: c.book, Changes: changes})
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}

func (c *caller) wantRefusal(r *ledgerv1.Refusal, code fault.Code, field string) {
	c.t.Helper()
	if r.GetCode() != string(code) || r.GetField() != field {
		c.t.Errorf("refused with %q at %q, want %s at %s: %v", r.GetCode(), r.GetField(), code, field, r)
	}
}

// wantAvailable looks at an account's rubles wherever balances are read.
func (c *caller) wantAvailable(account, balance, available, limit string) {
	c.t.Helper()
	kind, _, _ := strings.Cut(account, ":")
	one, err := c.Ledger.GetBalances(c.t.Context(), &ledgerv1.GetBalancesRequest{Book: c.book, Accounts: []string{account}, Asset: "RUB"})
	if err != nil {
		c.t.Fatal(err)
	}
	looked, err := c.Ledger.GetBalances(c.t.Context(), &ledgerv1.GetBalancesRequest{Book: c.book, Accounts: []string{account}, Asset: "RUB", Holds: true})
	if err != nil {
		c.t.Fatal(err)
	}
	list, err := c.Ledger.ListBalances(c.t.Context(), &ledgerv1.ListBalancesRequest{Book: c.book, Type: kind})
	if err != nil {
		c.t.Fatal(err)
	}
	explained, err := c.Ledger.ExplainBalance(c.t.Context(), &ledgerv1.ExplainBalanceRequest{Book: c.book, Account: account})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, b := range append(append(list.GetBalances(), one.GetBalances()...), append(looked.GetBalances(), explained.GetBalance())...) {
		if b.GetAccount() == account && (b.GetBalance() != balance || b.GetAvailable() != available || b.GetLimit() != limit) {
			c.t.Errorf("%s: %v, want %s, available %s, limit %s", account, b, balance, available, limit)
		}
	}
	if text := strings.Join(explained.GetLinesEnglish(), " "); !strings.Contains(text, "Available "+available+" RUB") {
		c.t.Errorf("%s: %s", account, text)
	}
}

func testAccountsStand(t *testing.T, h *house) {
	c := h.caller(t)
	a, b, m := "customer:a", "customer:b", "merchant:m"
	c.open("100.00", a, b)
	c.open("", m)
	both := &ledgerv1.FreezeAccount{Sides: ledgerv1.Sides_SIDES_BOTH}
	done := c.change(changeOf("f1", a, "постановление суда", both), changeOf("l1", m, "договор 7", &ledgerv1.SetLimit{Amount: "50.00"}))
	for _, r := range done.GetResults() {
		if r.GetRefusal() != nil || r.GetStanding().GetReason() == "" || r.GetStanding().GetAuthor() == "" || r.GetPosition() == "" {
			t.Fatalf("%v", r)
		}
	}
	again := c.change(changeOf("f1", a, "постановление суда", both)).GetResults()[0]
	if !again.GetReplayed() || again.GetPosition() != done.GetResults()[0].GetPosition() || again.GetStanding().GetPosition() != done.GetResults()[0].GetStanding().GetPosition() {
		t.Errorf("the same again: %v", again)
	}
	c.wantRefusal(c.postOps(entryOp("", "transfer", a, b, "1.00"))[0].GetRefusal(), fault.AccountFrozen, "operations[0].entry.legs[0].account")
	c.wantRefusal(c.postOps(entryOp("", "transfer", b, a, "1.00"))[0].GetRefusal(), fault.AccountFrozen, "operations[0].entry.legs[1].account")
	c.wantAvailable(m, "0.00", "50.00", "50.00")
	c.must(entryOp("", "transfer", m, b, "50.00"))
	c.wantAvailable(m, "-50.00", "0.00", "50.00")
	c.wantAvailable(b, "150.00", "150.00", "0.00") // customers may have one
	c.wantAvailable("suspense:x", "0.00", "0.00", "")
	c.wantRefusal(c.postOps(entryOp("", "transfer", m, b, "0.01"))[0].GetRefusal(), fault.InsufficientFunds, "operations[0].entry.legs[0].account")
	// What flows keep is theirs.
	c.wantRefusal(c.postOps(entryOp("", "transfer", b, "reserve:task-1", "1.00"))[0].GetRefusal(), fault.AccountOfFlow, "operations[0].entry.legs[1].account")

	bad := c.change(
		changeOf("", b, "закрыть", &ledgerv1.CloseAccount{}), changeOf("", "customer:nobody", "нет", both),
		changeOf("", b, "нет", &ledgerv1.SetLimit{Asset: "GOLD", Amount: "1"}), changeOf("", m, "нет", &ledgerv1.SetLimit{Amount: "-1"}),
		changeOf("", m, "нет", &ledgerv1.ReopenAccount{}), changeOf("", "wallet:x", "нет", both),
	).GetResults()
	c.wantRefusal(bad[0].GetRefusal(), fault.AccountNotEmpty, "changes[0].account")
	c.wantRefusal(bad[1].GetRefusal(), fault.AccountUnknown, "changes[1].account")
	c.wantRefusal(bad[3].GetRefusal(), fault.AmountInvalid, "changes[3].limit.amount")
	c.wantRefusal(bad[4].GetRefusal(), fault.WrongState, "changes[4].account")
	if bad[2].GetRefusal().GetField() == "" && bad[2].GetRefusal().GetCode() != string(fault.AccountChanging) {
		t.Errorf("an unknown asset: %v", bad[2])
	}
	_, err := c.Ledger.ChangeAccounts(t.Context(), &ledgerv1.ChangeAccountsRequest{Book: c.book, Changes: []*ledgerv1.AccountChange{changeOf("k", a, "", both)}})
	refused(t, err, fault.Malformed, "changes[0].reason")

	// A dry run says what would be, and changes nothing.
	dry, err := c.Ledger.ChangeAccounts(t.Context(), &ledgerv1.ChangeAccountsRequest{Book: c.book, DryRun: true, Changes: []*ledgerv1.AccountChange{
		changeOf("dry", b, "проверка", both),
	}})
	if err != nil || dry.GetResults()[0].GetStanding().GetFrozen() != ledgerv1.Sides_SIDES_BOTH || dry.GetPosition() != "" {
		t.Fatalf("%v %v", dry, err)
	}
	c.must(entryOp("", "transfer", b, "bank:settlement", "1.00"))

	read, err := c.Ledger.ReadAccounts(t.Context(), &ledgerv1.ReadAccountsRequest{
		Book: c.book, Accounts: []string{a, b, m, "revenue:commission", "customer:nobody"}, MinPosition: done.GetPosition(),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, s := range read.GetAccounts() {
		got += fmt.Sprintln(s.GetName(), s.GetFloor(), s.GetOpened(), s.GetStanding().GetStatus(), s.GetStanding().GetFrozen(), s.GetStanding().GetLimits(), s.GetStanding().GetReason())
	}
	want := `customer:a limit true ACCOUNT_STATUS_OPEN SIDES_BOTH [] постановление суда
customer:b limit true ACCOUNT_STATUS_OPEN SIDES_UNSPECIFIED [] закрыть
merchant:m limit true ACCOUNT_STATUS_OPEN SIDES_UNSPECIFIED [asset:"RUB"  amount:"50.00"] договор 7
revenue:commission none true ACCOUNT_STATUS_OPEN SIDES_UNSPECIFIED [] 
customer:nobody limit false ACCOUNT_STATUS_OPEN SIDES_UNSPECIFIED [] 
`
	if normalize(got) != normalize(want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	c.change(changeOf("u1", a, "постановление отменено", &ledgerv1.UnfreezeAccount{Sides: ledgerv1.Sides_SIDES_CREDITS}))
	var words []string
	for token := ""; ; {
		page, err := c.Ledger.ListAccountChanges(t.Context(), &ledgerv1.ListAccountChangesRequest{Book: c.book, Account: a, PageSize: 1, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.GetChanges() {
			words = append(words, fmt.Sprintf("%d %s %s %s", s.GetVersion(), s.GetChange(), s.GetFrozen(), s.GetReason()))
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	if fmt.Sprint(words) != "[2 unfreeze SIDES_DEBITS постановление отменено 1 freeze SIDES_BOTH постановление суда]" {
		t.Errorf("history: %q", words)
	}
	list, err := c.Ledger.ListAccounts(t.Context(), &ledgerv1.ListAccountsRequest{Book: c.book, Prefix: "customer:"})
	if err != nil || list.GetAccounts()[0].GetStanding().GetFrozen() != ledgerv1.Sides_SIDES_DEBITS || list.GetAccounts()[1].GetStanding().GetFrozen() != 0 {
		t.Errorf("%v %v", list, err)
	}
}

// normalize takes the random spaces out of printed messages.
func normalize(text string) string { return strings.Join(strings.Fields(text), " ") }

// testBooksAreApart: the same names and the same keys in two books are two of each.
func testBooksAreApart(t *testing.T, h *house) {
	one, two := h.caller(t), h.caller(t)
	for i, c := range []*caller{one, two} {
		c.open(fmt.Sprintf("%d.00", 100*(i+1)), "customer:a", "customer:b")
		c.must(entryOp("same key", "transfer", "customer:a", "customer:b", "10.00"))
	}
	one.wantBalances([]string{"customer:a", "customer:b"}, "90.00 90.00", "110.00 110.00")
	two.wantBalances([]string{"customer:a", "customer:b"}, "190.00 190.00", "210.00 210.00")
	one.change(changeOf("freeze", "customer:a", "только здесь", &ledgerv1.FreezeAccount{Sides: ledgerv1.Sides_SIDES_BOTH}))
	one.wantRefusal(one.postOps(entryOp("", "transfer", "customer:a", "customer:b", "1.00"))[0].GetRefusal(), fault.AccountFrozen, "operations[0].entry.legs[0].account")
	two.must(entryOp("", "transfer", "customer:a", "customer:b", "1.00"))
	for _, c := range []*caller{one, two} {
		other := two.book
		if c == two {
			other = one.book
		}
		_, err := c.Ledger.ReadAccounts(t.Context(), &ledgerv1.ReadAccountsRequest{Book: other, Accounts: []string{"customer:a"}})
		refused(t, err, fault.PermissionDenied, "book")
		sheet, err := c.Ledger.TrialBalance(t.Context(), &ledgerv1.TrialBalanceRequest{Book: c.book})
		if err != nil || len(sheet.GetRows()) != 2 {
			t.Fatalf("%v %v", sheet, err)
		}
	}
	idsOfAnotherBook(t, one, two)
	if _, err := one.Ledger.ClosePeriod(t.Context(), &ledgerv1.ClosePeriodRequest{Book: one.book, Key: "p", ThroughDay: "2026-02-28", Reason: "только здесь"}); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Ledger.ChangePolicy(t.Context(), &ledgerv1.ChangePolicyRequest{Book: one.book, Key: "q", TwoPeople: []string{"unfreeze"}, Reason: "только здесь"}); err != nil {
		t.Fatal(err)
	}
	old := entryOp("", "transfer", "customer:b", "customer:a", "1.00")
	old.GetEntry().Day = "2026-02-10"
	two.must(old)
	two.change(changeOf("freeze", "customer:a", "и здесь", &ledgerv1.FreezeAccount{Sides: ledgerv1.Sides_SIDES_BOTH}))
	two.change(changeOf("unfreeze", "customer:a", "одного довольно", &ledgerv1.UnfreezeAccount{Sides: ledgerv1.Sides_SIDES_BOTH}))
	if list, err := two.Ledger.ListPeriods(t.Context(), &ledgerv1.ListPeriodsRequest{Book: two.book}); err != nil || len(list.GetPeriods()) != 0 {
		t.Error(list, err)
	}
}

// idsOfAnotherBook: a hold, an entry, a scheduled entry and what waits for a second person
// are nothing to the key of another book, which changes none of them.
func idsOfAnotherBook(t *testing.T, one, two *caller) {
	t.Helper()
	b, bank := "customer:b", "suspense:x"
	later := entryOp("", "transfer", b, bank, "2.00")
	later.GetEntry().Day = time.Now().AddDate(0, 2, 0).Format(time.DateOnly)
	done := two.must(client.Hold("", b, "RUB", "5.00", time.Hour), entryOp("", "transfer", b, bank, "3.00"), later)
	hold, entry, scheduled := done[0].GetId(), done[1].GetId(), done[2].GetId()
	credit := client.Credit(bank, "RUB", "1.00")
	for code, ops := range map[fault.Code][]*ledgerv1.Operation{
		fault.HoldUnknown: {
			client.Settle("", hold, "payout", "1.00", credit), client.SettleLate("", hold, "payout", "1.00", credit), client.Void("", hold),
			client.Increase("", hold, "1.00"), client.Decrease("", hold, "1.00"),
		},
		fault.EntryUnknown: {client.Reverse("", entry), client.Correct("", entry, "transfer", client.Debit(b, "RUB", "1.00"), credit)},
		fault.NotFound:     {client.Cancel("", scheduled)},
	} {
		for i, r := range one.postOps(ops...) {
			if r.GetRefusal().GetCode() != string(code) {
				t.Errorf("%v: %v, want %s", ops[i], r.GetRefusal(), code)
			}
		}
	}
	asked, err := two.Ledger.RequestApproval(t.Context(), &ledgerv1.RequestApprovalRequest{Book: two.book, What: &ledgerv1.RequestApprovalRequest_Account{
		Account: changeOf("ask", b, "r", &ledgerv1.FreezeAccount{Sides: ledgerv1.Sides_SIDES_BOTH}),
	}})
	if err != nil || asked.GetRefusal() != nil {
		t.Fatal(asked, err)
	}
	answer, err := one.Ledger.DecideApproval(t.Context(), &ledgerv1.DecideApprovalRequest{
		Book: one.book, Key: "verdict", Id: asked.GetApproval().GetId(), Verdict: ledgerv1.Verdict_VERDICT_APPROVE, Reason: "чужое",
	})
	if err != nil || answer.GetRefusal().GetCode() != string(fault.NotFound) {
		t.Error(answer, err)
	}
	list, err := one.Ledger.ListScheduled(t.Context(), &ledgerv1.ListScheduledRequest{Book: one.book})
	if err != nil || len(list.GetEntries()) != 0 {
		t.Error(list, err)
	}
	two.must(client.Void("", hold), client.Reverse("", entry), client.Cancel("", scheduled))
}

// testTwoPeopleDecide: what one key asks for holds when another approves it.
func testTwoPeopleDecide(t *testing.T, h *house) {
	c := h.caller(t)
	boris := c.colleague()
	a := "customer:a"
	c.open("100.00", a)
	freeze := changeOf("f1", a, "постановление суда", &ledgerv1.FreezeAccount{Sides: ledgerv1.Sides_SIDES_BOTH})
	ask := &ledgerv1.RequestApprovalRequest{Book: c.book, What: &ledgerv1.RequestApprovalRequest_Account{Account: freeze}}
	asked, err := c.Ledger.RequestApproval(t.Context(), ask)
	if err != nil || asked.GetApproval().GetState() != ledgerv1.ApprovalState_APPROVAL_STATE_WAITING {
		t.Fatal(asked, err)
	}
	id := asked.GetApproval().GetId()
	if again, err := c.Ledger.RequestApproval(t.Context(), ask); err != nil || !again.GetReplayed() || again.GetApproval().GetId() != id {
		t.Error(again, err)
	}
	c.must(entryOp("", "transfer", a, "suspense:x", "1.00"))
	decide := func(who *caller, key string, v ledgerv1.Verdict) *ledgerv1.DecideApprovalResponse {
		t.Helper()
		answer, err := who.Ledger.DecideApproval(t.Context(), &ledgerv1.DecideApprovalRequest{Book: c.book, Key: key, Id: id, Verdict: v, Reason: "сверено"})
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	waiting := func() []*ledgerv1.Approval {
		t.Helper()
		list, err := c.Ledger.ListApprovals(t.Context(), &ledgerv1.ListApprovalsRequest{Book: c.book})
		if err != nil {
			t.Fatal(err)
		}
		return list.GetApprovals()
	}
	if w := waiting(); len(w) != 1 || w[0].GetAccount().GetReason() != "постановление суда" || w[0].GetAccount().GetFrozen() != ledgerv1.Sides_SIDES_BOTH {
		t.Errorf("%v", w)
	}
	c.wantRefusal(decide(c, "d1", ledgerv1.Verdict_VERDICT_APPROVE).GetRefusal(), fault.OwnRequest, "id")
	done := decide(boris, "d2", ledgerv1.Verdict_VERDICT_APPROVE)
	s := done.GetAccount()
	if done.GetRefusal() != nil || s.GetAuthor() == "" || s.GetApprovedBy() == "" || s.GetAuthor() == s.GetApprovedBy() || s.GetApprovalReason() != "сверено" {
		t.Errorf("%v", done)
	}
	c.wantRefusal(c.postOps(entryOp("", "transfer", a, "suspense:x", "1.00"))[0].GetRefusal(), fault.AccountFrozen, "operations[0].entry.legs[0].account")
	if w := waiting(); len(w) != 0 {
		t.Errorf("still waits: %v", w)
	}
	history, err := c.Ledger.ListAccountChanges(t.Context(), &ledgerv1.ListAccountChangesRequest{Book: c.book, Account: a})
	if err != nil || len(history.GetChanges()) != 1 || history.GetChanges()[0].GetApprovedBy() != s.GetApprovedBy() {
		t.Error(history, err)
	}

	thaw := changeOf("f2", a, "снято", &ledgerv1.UnfreezeAccount{Sides: ledgerv1.Sides_SIDES_BOTH})
	second, err := c.Ledger.RequestApproval(t.Context(), &ledgerv1.RequestApprovalRequest{Book: c.book, What: &ledgerv1.RequestApprovalRequest_Account{Account: thaw}})
	if err != nil {
		t.Fatal(err)
	}
	id = second.GetApproval().GetId()
	if r := decide(c, "d3", ledgerv1.Verdict_VERDICT_DECLINE); r.GetApproval().GetState() != ledgerv1.ApprovalState_APPROVAL_STATE_WITHDRAWN {
		t.Errorf("%v", r)
	}
	c.wantRefusal(decide(boris, "d4", ledgerv1.Verdict_VERDICT_APPROVE).GetRefusal(), fault.WrongState, "id")
	thaw.Account = "wallet:x"
	thaw.Key = "f3"
	wrong, err := c.Ledger.RequestApproval(t.Context(), &ledgerv1.RequestApprovalRequest{Book: c.book, What: &ledgerv1.RequestApprovalRequest_Account{Account: thaw}})
	if err != nil {
		t.Fatal(err)
	}
	c.wantRefusal(wrong.GetRefusal(), fault.AccountUnknown, "account.account")
}

// testAPolicyWantsTwo: what the book has made by two is refused by one alone, and done by
// two.
func testAPolicyWantsTwo(t *testing.T, h *house) {
	c := h.caller(t)
	boris := c.colleague()
	a := "customer:a"
	c.open("100.00", a)
	if p, err := c.Ledger.GetPolicy(t.Context(), &ledgerv1.GetPolicyRequest{Book: c.book}); err != nil || p.GetPolicy().GetVersion() != 0 {
		t.Fatal(p, err)
	}
	two := &ledgerv1.ChangePolicyRequest{Book: c.book, Key: "p1", TwoPeople: []string{"unfreeze", "limit"}, Reason: "положение № 1"}
	done, err := c.Ledger.ChangePolicy(t.Context(), two)
	if err != nil || len(done.GetPolicy().GetTwoPeople()) != 2 || done.GetPolicy().GetAuthor() == "" || done.GetPosition() == "" {
		t.Fatal(done, err)
	}
	if again, err := c.Ledger.ChangePolicy(t.Context(), two); err != nil || !again.GetReplayed() {
		t.Error(again, err)
	}
	change := func(change *ledgerv1.AccountChange) *ledgerv1.AccountChangeResult {
		t.Helper()
		answer, err := c.Ledger.ChangeAccounts(t.Context(), &ledgerv1.ChangeAccountsRequest{Book: c.book, Changes: []*ledgerv1.AccountChange{change}})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetResults()[0]
	}
	if r := change(changeOf("f1", a, "суд", &ledgerv1.FreezeAccount{Sides: ledgerv1.Sides_SIDES_BOTH})); r.GetRefusal() != nil {
		t.Fatal(r)
	}
	thaw := changeOf("u1", a, "снято", &ledgerv1.UnfreezeAccount{Sides: ledgerv1.Sides_SIDES_BOTH})
	r := change(thaw).GetRefusal()
	c.wantRefusal(r, fault.ApprovalRequired, "changes[0].what")
	if r.GetFacts()["change"] != "unfreeze" {
		t.Errorf("%v", r)
	}
	approve := func(key string, req *ledgerv1.RequestApprovalRequest) *ledgerv1.DecideApprovalResponse {
		t.Helper()
		asked, err := c.Ledger.RequestApproval(t.Context(), req)
		if err != nil || asked.GetRefusal() != nil {
			t.Fatal(asked, err)
		}
		answer, err := boris.Ledger.DecideApproval(t.Context(), &ledgerv1.DecideApprovalRequest{
			Book: c.book, Key: key, Id: asked.GetApproval().GetId(), Verdict: ledgerv1.Verdict_VERDICT_APPROVE, Reason: "сверено",
		})
		if err != nil || answer.GetRefusal() != nil {
			t.Fatal(answer, err)
		}
		return answer
	}
	thaw.Key = "u2"
	approve("d1", &ledgerv1.RequestApprovalRequest{Book: c.book, What: &ledgerv1.RequestApprovalRequest_Account{Account: thaw}})
	less := &ledgerv1.PolicyChange{Key: "p2", TwoPeople: []string{"limit"}, Reason: "положение № 2"}
	_, err = c.once().Ledger.ChangePolicy(t.Context(), &ledgerv1.ChangePolicyRequest{Book: c.book, Key: "p3", TwoPeople: less.GetTwoPeople(), Reason: "тайком"})
	refused(t, err, fault.ApprovalRequired, "two_people")
	answer := approve("d2", &ledgerv1.RequestApprovalRequest{Book: c.book, What: &ledgerv1.RequestApprovalRequest_Policy{Policy: less}})
	if p := answer.GetPolicy(); len(p.GetTwoPeople()) != 1 || p.GetApprovedBy() == "" {
		t.Errorf("%v", answer)
	}
	held, err := c.Ledger.GetPolicy(t.Context(), &ledgerv1.GetPolicyRequest{Book: c.book, MinPosition: answer.GetPosition()})
	if err != nil || held.GetPolicy().GetVersion() != 2 || held.GetPolicy().GetTwoPeople()[0] != "limit" {
		t.Error(held, err)
	}
	_, err = c.once().Ledger.ChangePolicy(t.Context(), &ledgerv1.ChangePolicyRequest{Book: c.book, Key: "p4", TwoPeople: []string{"freeze"}, Reason: "r"})
	refused(t, err, fault.Malformed, "two_people[0]")
}
