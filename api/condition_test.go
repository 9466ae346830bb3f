package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/ledger/fault"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// testConditions: an operation is done only if what it asks holds; the refusal has the
// numbers, is remembered and explained, over REST too; what is wrong names its field.
func testConditions(t *testing.T, h *house) {
	c := h.caller(t)
	a, b := "customer:a", "customer:b"
	c.open("100.00", a, b)
	pay := func(conditions ...*ledgerv1.Condition) *ledgerv1.Operation {
		return client.When(entryOp("", "transfer", a, b, "10.00"), conditions...)
	}
	first := c.must(pay(client.Available(a, "RUB", "100"), client.Available(b, "RUB", "100.00")))[0]
	var shard uint32
	if _, err := fmt.Sscanf(first.GetId(), "%d.", &shard); err != nil {
		t.Fatal(err)
	}
	version := first.GetBalances()[0].GetVersion()
	if asked := c.entry(first.GetId()).GetConditions(); len(asked) != 2 || !proto.Equal(asked[0], client.Available(a, "RUB", "100")) || !proto.Equal(asked[1], client.Available(b, "RUB", "100.00")) {
		t.Errorf("the entry tells its conditions as %v", asked)
	}

	poor := pay(client.Available(a, "RUB", "90.01"))
	poor.Key = "poor"
	r := c.postOps(poor)[0].GetRefusal()
	part(t, r, fault.ConditionFailed, "operations[0].conditions")
	if r.GetFacts()["available"] != "90.00" || r.GetFacts()["asked"] != "90.01" || r.GetFacts()["account"] != a || r.GetRetry() != ledgerv1.Retry_RETRY_CHANGED {
		t.Errorf("%v", r)
	}
	topUp := client.Entry("", "topup", client.Debit("bank:settlement", "RUB", "1.00"), client.Credit(a, "RUB", "1.00"))
	c.must(client.When(topUp, client.Unmoved(a, "RUB", shard, version))) // on that shard
	if again := c.postOps(poor)[0]; !again.GetReplayed() || again.GetRefusal().GetCode() != string(fault.ConditionFailed) {
		t.Errorf("the same again: %v", again)
	}
	other := pay(client.Available(a, "RUB", "90.00"))
	other.Key = "poor"
	part(t, c.postOps(other)[0].GetRefusal(), fault.KeyReused, "operations[0].key")
	why, err := c.Ledger.ExplainRefusal(t.Context(), &ledgerv1.ExplainRefusalRequest{Book: c.book, Which: &ledgerv1.ExplainRefusalRequest_Key{Key: "poor"}})
	if err != nil || !strings.Contains(strings.Join(why.GetLinesEnglish(), " "), "90.00 RUB available, the condition asks for 90.01") ||
		!strings.Contains(strings.Join(why.GetLinesRussian(), " "), "доступно 90.00") {
		t.Errorf("%v %v", why, err)
	}

	r = c.postOps(pay(client.Unmoved(a, "RUB", shard, version)))[0].GetRefusal() // the topup came between
	part(t, r, fault.ConditionFailed, "operations[0].conditions")
	if r.GetFacts()["version"] != fmt.Sprint(version) || r.GetFacts()["found"] != fmt.Sprint(version+1) || r.GetFacts()["shard"] != fmt.Sprint(shard) {
		t.Errorf("%v", r)
	}
	c.must(pay(client.Unmoved(a, "RUB", shard, version+1)))
	held := c.must(client.When(&ledgerv1.Operation{What: &ledgerv1.Operation_Hold{Hold: &ledgerv1.NewHold{Account: b, Asset: "RUB", Amount: "1.00"}}},
		client.Available(b, "RUB", "120.00")))[0]
	void := &ledgerv1.Operation{What: &ledgerv1.Operation_Void{Void: &ledgerv1.VoidHold{HoldId: held.GetId()}}}
	part(t, c.postOps(client.When(void, client.Available(b, "RUB", "119.01")))[0].GetRefusal(), fault.ConditionFailed, "operations[0].conditions")

	answer, text := c.rest("POST", "/v1/books/"+c.book+"/operations", fmt.Sprintf(`{"operations":[{"key":"rest","conditions":[
		{"account":%q,"asset":"RUB","available":"1000.00"}],"entry":{"kind":"transfer","legs":[
		{"account":%q,"side":"SIDE_DEBIT","asset":"RUB","amount":"1.00"},{"account":%q,"side":"SIDE_CREDIT","asset":"RUB","amount":"1.00"}]}}]}`, a, a, b))
	if answer.StatusCode != http.StatusOK || !strings.Contains(text, `"condition_failed"`) {
		t.Errorf("over REST: %d %s", answer.StatusCode, text)
	}
	for field, tc := range map[string]struct {
		code      fault.Code
		condition *ledgerv1.Condition
	}{
		"account":       {fault.AccountInvalid, client.Available("gold:mine", "RUB", "1.00")},
		"asset":         {fault.AssetUnknown, client.Available(a, "XXX", "1.00")},
		"available":     {fault.AmountInvalid, client.Available(a, "RUB", "0.001")},
		"version.shard": {fault.Malformed, client.Unmoved(a, "RUB", 77, 1)},
	} {
		want := "operations[0].conditions[0]." + field
		if field == "version.shard" {
			want = "operations[0].conditions"
		}
		part(t, c.postOps(pay(tc.condition))[0].GetRefusal(), tc.code, want)
	}
	part(t, c.postOps(pay(client.Available("bank:settlement", "RUB", "1.00")))[0].GetRefusal(), fault.Malformed, "operations[0].conditions[0].available")
	for field, condition := range map[string]*ledgerv1.Condition{
		"conditions[0].what":    {Account: a, Asset: "RUB"},
		"conditions[0].account": client.Available("", "RUB", "1.00"),
	} {
		op := pay(condition)
		op.Key = "wrong " + field
		_, err := c.once().Ledger.Post(t.Context(), &ledgerv1.PostRequest{Book: c.book, Operations: []*ledgerv1.Operation{op}})
		refused(t, err, fault.Malformed, "operations[0]."+field)
	}
}
