package api_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

func bySBP(n uint64) *executorv1.Requisites {
	return &executorv1.Requisites{Sbp: &executorv1.Sbp{Phone: "8" + requisite.ExamplePhone(n)[2:], BankId: requisite.ExampleSBPBank(n)}}
}

func byCard(n uint64) *executorv1.Requisites {
	return &executorv1.Requisites{Card: &executorv1.Card{Token: requisite.ExampleCardToken(n), Mask: "4312"}}
}

// paysTask makes and pays a task, and says which payments the bank has got for it.
func (c *caller) paysTask(gross, company, worker string) (*taskv1.Task, []port.Payment) {
	c.t.Helper()
	d := draft(gross, worker)
	d.Autocomplete, d.Title = true, "Работа "+worker+" за "+gross
	made, err := c.Tasks.CreateTask(c.t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Task: d})
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.Tasks.PayTask(c.t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: made.GetTask().GetId()}); err != nil {
		c.t.Fatal(err)
	}
	done := c.settled(made.GetTask().GetId())
	return done, c.sentFor(d.GetTitle())
}

func (c *caller) sentFor(title string) (sent []port.Payment) {
	for _, p := range c.bank.payments() {
		if strings.Contains(p.Purpose, title) {
			sent = append(sent, p)
		}
	}
	return sent
}

// testWays: an executor gives an account, SBP or a card, is paid that way, and nobody reads back
// what he gave whole.
func testWays(t *testing.T, h *house) {
	const who = 8820
	c := h.caller(t)
	company := c.company(1, "1000000.00")
	for n, where := range []*executorv1.Requisites{account(who), bySBP(who + 1), byCard(who + 2)} {
		way, target := port.ByAccount, account(who).GetAccountNumber()
		switch n {
		case 1:
			way, target = port.BySBP, requisite.ExamplePhone(who+1)
		case 2:
			way, target = port.ByCard, requisite.ExampleCardToken(who+2)
		}
		worker := c.executor(who+uint64(n), "selfemployed", where) //nolint:gosec // 0 to 2
		done, sent := c.paysTask("100.00", company, worker)
		if done.GetStatus() != "paid" || len(sent) != 1 || sent[0].To.Way() != way || sent[0].To.Target() != target || money.RUB.Format(sent[0].Amount) != "94.00" || sent[0].Check() != nil {
			t.Errorf("%s: %v, the bank got %+v", way, done, sent)
		}
		for _, unmask := range []bool{false, true} {
			got, err := c.Executors.GetExecutor(t.Context(), &executorv1.GetExecutorRequest{Book: c.book, ExecutorId: worker, Unmask: unmask})
			if err != nil {
				t.Fatal(err)
			}
			shown := got.GetExecutor().GetRequisites()
			if text := shown.String(); strings.Contains(text, target) != (unmask && way != port.ByCard) {
				t.Errorf("%s, unmasked %t: %s", way, unmask, text)
			}
			if way == port.ByCard && (shown.GetCard().GetMask() != "4312" || shown.GetCard().GetToken() != "") || way == port.BySBP && shown.GetSbp().GetBankId() != requisite.ExampleSBPBank(who+1) {
				t.Errorf("%s: %v", way, shown)
			}
		}
		if strings.Contains(c.log.String(), target) {
			t.Errorf("%s: where the money goes is in the log", way)
		}
	}
	testWaysRefused(t, c)
	testMyWay(t, c)
	testWayTooSmall(t, c, company)
}

// testWaysRefused: one way, well written, of somebody who may have it; never the number of a card.
func testWaysRefused(t *testing.T, c *caller) {
	const who, card = 8830, "4111111111111111"
	worker, trader := c.executor(who, "selfemployed", nil), c.executor(who+1, "entrepreneur", account(who+1))
	set := func(id string, where *executorv1.Requisites) error {
		_, err := c.Executors.SetRequisites(t.Context(), &executorv1.SetRequisitesRequest{Book: c.book, ExecutorId: id, Requisites: where})
		return err
	}
	for name, tc := range map[string]struct {
		field  string
		where  *executorv1.Requisites
		change func(*executorv1.Requisites)
	}{
		"none":             {"requisites", &executorv1.Requisites{}, func(*executorv1.Requisites) {}},
		"two":              {"requisites", bySBP(who), func(r *executorv1.Requisites) { r.Card = byCard(who).GetCard() }},
		"account and card": {"requisites", account(who), func(r *executorv1.Requisites) { r.Card = byCard(who).GetCard() }},
		"phone":            {"requisites.sbp.phone", bySBP(who), func(r *executorv1.Requisites) { r.Sbp.Phone = "123" }},
		"member":           {"requisites.sbp.bank_id", bySBP(who), func(r *executorv1.Requisites) { r.Sbp.BankId = "044525225" }},
		"token":            {"requisites.card.token", byCard(who), func(r *executorv1.Requisites) { r.Card.Token = "short" }},
		"no mask":          {"requisites.card.mask", byCard(who), func(r *executorv1.Requisites) { r.Card.Mask = "" }},
		"card as token":    {"requisites.card.token", byCard(who), func(r *executorv1.Requisites) { r.Card.Token = card }},
		"card as account":  {"requisites.account_number", account(who), func(r *executorv1.Requisites) { r.AccountNumber = card }},
		"card as bank":     {"requisites.bank_name", account(who), func(r *executorv1.Requisites) { r.BankName = "карта 4111 1111 1111 1111" }},
		"card as payee":    {"requisites.payee_name", account(who), func(r *executorv1.Requisites) { r.PayeeName = card }},
		"card as phone":    {"requisites.sbp.phone", bySBP(who), func(r *executorv1.Requisites) { r.Sbp.Phone = "4111-1111-1111-1111" }},
	} {
		tc.change(tc.where)
		if r := refused(t, set(worker, tc.where), fault.RequisitesInvalid, tc.field); strings.Contains(r.Reason, "1111") {
			t.Errorf("%s: the refusal repeats the card: %s", name, r.Reason)
		}
	}
	refused(t, set(trader, bySBP(who)), fault.RequisitesInvalid, "requisites.sbp")
	refused(t, set(trader, byCard(who)), fault.RequisitesInvalid, "requisites.card")
	got, err := c.Executors.GetExecutor(t.Context(), &executorv1.GetExecutorRequest{Book: c.book, ExecutorId: worker})
	if err != nil || got.GetExecutor().GetRequisitesVersion() != 0 || strings.Contains(c.log.String(), card) {
		t.Errorf("something of what was refused was kept: %v %v", got, err)
	}
	if err := set(worker, bySBP(who)); err != nil {
		t.Fatal(err)
	}
	update := func() error {
		_, err := c.Executors.UpdateExecutor(t.Context(), &executorv1.UpdateExecutorRequest{Book: c.book, ExecutorId: worker, EmploymentKind: "entrepreneur"})
		return err
	}
	refused(t, update(), fault.RequisitesInvalid, "employment_kind")
	if err := set(worker, account(who)); err != nil {
		t.Fatal(err)
	}
	if err := update(); err != nil {
		t.Error(err)
	}
}

// testMyWay: in the application a person chooses his way himself, sees his phone, and no token.
func testMyWay(t *testing.T, c *caller) {
	const who = 8850
	c.executor(who, "selfemployed", nil)
	app, _ := c.loggedIn(requisite.ExamplePhone(who))
	set := func(where *executorv1.Requisites) (*executorv1.Requisites, error) {
		got, err := app.App.SetMyRequisites(t.Context(), &executorv1.SetMyRequisitesRequest{Book: c.book, Key: gate.NewID(), Requisites: where})
		return got.GetExecutor().GetRequisites(), err
	}
	if got, err := set(bySBP(who)); err != nil || got.GetSbp().GetPhone() != requisite.ExamplePhone(who) {
		t.Errorf("%v %v", got, err)
	}
	if got, err := set(byCard(who)); err != nil || got.GetCard().GetMask() != "4312" || got.GetCard().GetToken() != "" || got.GetSbp() != nil {
		t.Errorf("%v %v", got, err)
	}
	bad := byCard(who)
	bad.Card.Token = "4111111111111111"
	_, err := set(bad)
	refused(t, err, fault.RequisitesInvalid, "requisites.card.token")
}

// testWayTooSmall: SBP does not take a large sum. Nothing is split: the payment stops, and goes on
// by itself when there is an account.
func testWayTooSmall(t *testing.T, c *caller, company string) {
	const who = 8840
	worker := c.executor(who, "selfemployed", bySBP(who))
	stopped, sent := c.paysTask("600000.00", company, worker)
	why := stopped.GetPaymentErrors()
	if stopped.GetStatus() != "error" || len(sent) != 0 || len(why) != 1 || why[0].GetCode() != string(fault.PayoutLimit) || why[0].GetActor() != "company" || why[0].GetRetryAt() == nil ||
		why[0].GetLimit().GetMost() != "500000.00" || why[0].GetLimit().GetWay() != "sbp" || !strings.Contains(why[0].GetMessage(), "не дробится") {
		t.Fatalf("%v, the bank got %+v", stopped, sent)
	}
	_, err := c.Executors.SetRequisites(t.Context(), &executorv1.SetRequisitesRequest{Book: c.book, ExecutorId: worker, Requisites: account(who)})
	if err != nil {
		t.Fatal(err)
	}
	done := c.settledAfterError(stopped.GetId())
	if sent = c.sentFor(stopped.GetTitle()); done.GetStatus() != "paid" || len(sent) != 1 || sent[0].To.Way() != port.ByAccount || money.RUB.Format(sent[0].Amount) != "564000.00" {
		t.Errorf("%v, the bank got %+v", done, sent)
	}
	counts, _, err := private.Missing(t.Context(), c.house.db) // the attempt that nobody has seen has no note, and none is missed
	for _, n := range counts {
		if err != nil || n.Kind == "payout" && n.Missing != 0 {
			t.Errorf("%+v %v", n, err)
		}
	}
}

// testInvitationWays: whoever says at once how he is paid, by SBP or to a card, is paid that way; a card's
// number is no token.
func testInvitationWays(t *testing.T, h *house) {
	const who = 8860
	c := h.caller(t)
	company := c.company(1, "1000.00")
	for i, where := range []*executorv1.Requisites{bySBP(who), byCard(who + 1)} {
		n := who + uint64(i) //nolint:gosec // 0 and 1
		g := c.guest(c.linkFor(&executorv1.CreateInvitationRequest{CompanyId: company}).GetUri())
		in := g.inside(requisite.ExamplePhone(n))
		join := func(where *executorv1.Requisites) error {
			_, err := in.Invitations.JoinByInvitation(t.Context(), &executorv1.JoinByInvitationRequest{Book: c.book, InvitationId: g.id, Person: person(n), Requisites: where})
			return err
		}
		bad := byCard(n)
		bad.Card.Token = "4111111111111111"
		refused(t, join(bad), fault.RequisitesInvalid, "requisites.card.token")
		if err := join(where); err != nil {
			t.Fatal(err)
		}
		id := g.joined(in, "done").GetExecutorId()
		done, sent := c.paysTask("100.00", company, id)
		way, target := port.BySBP, requisite.ExamplePhone(n)
		if where.GetCard() != nil {
			way, target = port.ByCard, requisite.ExampleCardToken(n)
		}
		if done.GetStatus() != "paid" || len(sent) != 1 || sent[0].To.Way() != way || sent[0].To.Target() != target {
			t.Errorf("%s: %v, the bank got %+v", way, done, sent)
		}
		if strings.Contains(h.log.String(), target) {
			t.Errorf("%s: where the money goes is in the log", way)
		}
	}
}

// testWayGivenBack: tax of less than a ruble goes back to a person whom SBP reaches only when he has given
// an account; nothing is sent before, and it is sent once.
func testWayGivenBack(t *testing.T, h *house) {
	const who = 8870
	c := h.caller(t)
	worker := c.executor(who, "selfemployed", bySBP(who))
	sent := func() []port.Payment {
		return slices.DeleteFunc(c.bank.payments(), func(p port.Payment) bool {
			return p.To.Target() != requisite.ExamplePhone(who) && p.To.Target() != account(who).GetAccountNumber()
		})
	}
	c.withhold("tax-npd:"+worker, "2025-02-10", "0.99")
	give := func() {
		t.Helper()
		done, err := c.Taxes.RemitNpd(t.Context(), &taxv1.RemitNpdRequest{Book: c.book, Month: "2025-02", GiveBack: true})
		if err != nil || done.GetRefusedPersons() != 0 {
			t.Fatal(done, err)
		}
	}
	give()
	id := "npd-2025-02." + worker
	stopped := c.orderOf(id, "error")
	if stopped.GetErrorCode() != string(fault.PayoutLimit) || stopped.GetErrorReason() == "" || len(sent()) != 0 {
		t.Fatalf("%v", stopped)
	}
	c.wantBalances([]string{"tax-npd:" + worker, "remitting:" + id}, "0.99 0.99", "0.00 0.00")
	if _, err := c.Executors.SetRequisites(t.Context(), &executorv1.SetRequisitesRequest{Book: c.book, ExecutorId: worker, Requisites: account(who)}); err != nil {
		t.Fatal(err)
	}
	give()
	c.orderOf(id, "paid")
	give()
	if all := sent(); len(all) != 1 || all[0].To.Way() != port.ByAccount || money.RUB.Format(all[0].Amount) != "0.99" {
		t.Errorf("the bank got %+v", all)
	}
}
