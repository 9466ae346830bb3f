package product

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
)

// TestTheDocumentIsTheProgram changes the document in one place at a time.
func TestTheDocumentIsTheProgram(t *testing.T) {
	t.Parallel()
	if _, err := parse(document); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, says string }{
		{"| GET | /api/tasks | list_tasks |", "| GET | /api/tasks | lists_tasks |", "lists_tasks"},
		{"| GET | /api/tasks/{id} | get_task |", "| PUT | /api/tasks/{id} | get_task |", "one of"},
		{"TaskService/PayTask |", "TaskService/RetryTask |", "PayTask"},
		{"| create_task | fee | amount |", "| create_task | price | amount |", "price"},
		{"| create_task | fee | amount |", "| create_task | title | amount |", "twice"},
		{"| create_task | fee | amount |", "| create_task | fee | float |", "float"},
		{"| receipt_uri | the receipt", "| receipt_url | the receipt", "receipt_url"},
		{"| selfemployed_status |", "| npd_status |", "npd_status"},
	} {
		changed := strings.Replace(document, c.old, c.new, 1)
		if changed == document {
			t.Fatalf("%q is not in the document", c.old)
		}
		if _, err := parse(changed); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
}

// TestAmountsStayAsTheyAreWritten reads numbers and texts, digit by digit.
func TestAmountsStayAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"106.38": "106.38", `"106.38"`: "106.38", "100": "100", "100.10": "100.10", "9007199254740993.01": "9007199254740993.01",
		"0.1": "0.1", "1e2": "", "0.001": "", "-1": "", `"1,5"`: "", "true": "", "[1]": "", `{"a":1}`: "",
	} {
		a := readAs(t, "create_task", `{"amount_gross":`+raw+`}`)
		if a.text("amount_gross") != want || (want == "") != (len(a.wrong.words["amount_gross"]) > 0) {
			t.Errorf("%s: %q %v", raw, a.text("amount_gross"), a.wrong.words)
		}
	}
	out, err := encode(struct {
		A, B number
	}{"9007199254740993.10", ""})
	if err != nil || string(out) != `{"A":9007199254740993.10,"B":null}` {
		t.Errorf("%s %v", out, err)
	}
}

func readAs(t *testing.T, name, body string) *asked {
	t.Helper()
	routes, err := parse(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes {
		if r.name == name {
			a := &asked{route: r, raw: map[string]json.RawMessage{}, texts: map[string]string{}, lists: map[string][]string{}}
			if refusal, err := a.read(httptest.NewRequest(http.MethodPost, r.path, strings.NewReader(body))); refusal != nil || err != nil {
				t.Fatalf("%v %v", refusal, err)
			}
			return a
		}
	}
	t.Fatalf("no call %s", name)
	return nil
}

// TestNames shows the names of methods' fields as the document's.
func TestNames(t *testing.T) {
	t.Parallel()
	for of, want := range map[string]string{
		"task.title": "title", "task.executor.executor_inn": "executor_inn", "person.phone": "phone", "requisites.bic": fieldBIC,
		"task_id": "id", "statuses[2]": "status", "key": keyHeader, "task.metadata_json": "metadata",
	} {
		if got := fieldOf(of); got != want {
			t.Errorf("%s is %s, want %s", of, got, want)
		}
	}
	if got := plain(json.RawMessage(`{"что":"сайт","сроки":[1,2.50]}`)); got != "что: сайт\nсроки: [1,2.50]" {
		t.Error(got)
	}
}

// Of requisites the product's answer shows an account, or the end of a card's number.
func TestPaymentInfo(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]*executorv1.Requisites{
		`null`: nil,
		`{"bank_account":{"bic":"044525225","account_number":"****4312"},"card_number":null}`: {Bic: "044525225", AccountNumber: "****4312"},
		`{"bank_account":null,"card_number":"**** 4312"}`:                                     {Card: &executorv1.Card{Mask: "4312"}},
		`{"bank_account":null,"card_number":null}`:                                            {Sbp: &executorv1.Sbp{Phone: "****", BankId: "100000000004"}},
	} {
		got, err := json.Marshal(showExecutor(&executorv1.Executor{Requisites: r}).PaymentInfo)
		if err != nil || string(got) != want {
			t.Errorf("%s %v, want %s", got, err, want)
		}
	}
}
