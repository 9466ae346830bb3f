package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/provodka/provodka/engine/port/requisite"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// waiting are the methods that wait for a position, as the descriptors say; streams have a test of their own.
func waiting() []protoreflect.MethodDescriptor {
	var all []protoreflect.MethodDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			methods := f.Services().Get(i).Methods()
			for j := range methods.Len() {
				if m := methods.Get(j); strings.HasPrefix(string(f.Package()), "provodka.") && !m.IsStreamingServer() && m.Parent().Name() != "ExecutorAppService" && m.Input().Fields().ByName("min_position") != nil {
					all = append(all, m)
				}
			}
		}
		return true
	})
	return all
}

// testWaits asks every read of every service for what nobody can see yet, and for what
// everybody can. A read that is new has to be named here when it asks for more than a book.
func testWaits(t *testing.T, h *house) {
	c := h.caller(t)
	c.open("100.00", "customer:a")
	at, err := c.Ledger.GetPosition(t.Context(), &ledgerv1.GetPositionRequest{Book: c.book})
	if err != nil {
		t.Fatal(err)
	}
	some := map[string]any{"kind": "INVOICE_KIND_TOP_UP", "account": "customer:a", "accounts": []string{"customer:a"}, "id": "0.1", "type": "customer", "asset": "RUB",
		"companyId": "company-x", "executorId": "executor-x", "taskId": "task-x", "statementId": "statement-x", "registerId": "register-x", "remittanceId": "ndfl-2025-03-1", "month": "2025-03", "year": 2025, "lineId": "line-x", "query": "слово",
		"inn": requisite.ExampleINN(7), "phone": requisite.ExamplePhone(7), "link": map[string]string{"name": "order", "value": "o-17"}}
	asked := map[string][]string{
		"ListBalances": {"type"}, "GetBalances": {"accounts"}, "ReadAccounts": {"accounts"}, "ListAccountChanges": {"account"}, "ListHolds": {"account"},
		"ListLegs": {"account", "asset"}, "GetEntry": {"id"}, "ListEntries": {"link"}, "GetHold": {"id"}, "ExplainRefusal": {"id"}, "ExplainBalance": {"account"},
		"GetTask": {"taskId"}, "ListOffers": {"executorId"}, "SearchTasks": {"companyId", "query"}, "CountSections": {"companyId"}, "ExplainAmount": {"taskId"}, "PlanRemittances": {"month"}, "GetRemittance": {"remittanceId"}, "GetCertificate": {"executorId", "year"}, "GetEarnings": {"executorId"}, "GetStatement": {"statementId"}, "ListLines": {}, "GetLine": {"lineId"}, "ExplainLine": {"lineId"}, "GetRegister": {"registerId"},
		"GetCompany": {"companyId"}, "FindCompany": {"inn"}, "GetWallet": {"companyId"}, "GetLimits": {"companyId"}, "GetInvoice": {"companyId", "kind"}, "GetExecutor": {"executorId"}, "GetSelfemployed": {"executorId"}, "FindExecutors": {"phone"},
		"ListUsers": {"companyId"}, "ListInvitations": {"companyId"},
	}
	methods := waiting()
	if len(methods) < 25 {
		t.Fatalf("%d methods wait for a position: the descriptors are read wrongly", len(methods))
	}
	for _, m := range methods {
		name := string(m.Parent().FullName()) + "/" + string(m.Name())
		t.Run(string(m.Name()), func(t *testing.T) {
			t.Parallel()
			c := *c
			c.t = t
			body := map[string]any{"book": c.book}
			for _, field := range asked[string(m.Name())] {
				body[field] = some[field]
			}
			if m.Name() == "GeneralLedger" {
				body["from"], body["until"] = "2026-01", "2026-02"
			}
			status, text := c.ask(name, body, "0.9000000000")
			var e wireError
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				t.Fatalf("%d %s", status, text)
			}
			reason, field, retry := "", "", false
			for _, d := range e.Details {
				if d.Type == "google.rpc.ErrorInfo" {
					reason, field = d.Debug.Reason, d.Debug.Metadata["field"]
				}
				retry = retry || d.Type == "google.rpc.RetryInfo"
			}
			if status != http.StatusServiceUnavailable || reason != "position_timeout" || field != "min_position" || !retry {
				t.Errorf("beyond the end: %d, %s of %q, RetryInfo %t: %s", status, reason, field, retry, text)
			}
			// What is asked for need not be there: that is an answer too.
			if status, text := c.ask(name, body, at.GetPosition()); status != http.StatusOK && status != http.StatusNotFound {
				t.Errorf("at the end: %d %s", status, text)
			}
		})
	}
}

// ask posts JSON to a method that waits for a position.
func (c *caller) ask(method string, body map[string]any, position string) (int, string) {
	c.t.Helper()
	body["minPosition"] = position
	raw, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.post(method, "application/json", string(raw))
}
