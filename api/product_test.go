package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/port/requisite"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// firm is a company that knows the product's API and its key alone.
type firm struct {
	*caller
	id string
}

// firm makes a company with money in a book of its own.
func (h *house) firm(t *testing.T) *firm {
	c := h.caller(t)
	f := &firm{caller: c, id: c.company(1, "1000.00")}
	f.key = h.mintFor(t, c.book, f.id)
	return f
}

// ask sends JSON and reads JSON; the key of the call is "" for one that is made.
func (f *firm) ask(verb, path, key, body string) (int, map[string]json.RawMessage, http.Header) {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), verb, f.url+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.key)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &fields); err != nil || answer.Header.Get("X-Request-Id") == "" {
		f.t.Fatalf("%s %s: %d %s", verb, path, answer.StatusCode, text)
	}
	return answer.StatusCode, fields, answer.Header
}

// ok wants an answer.
func (f *firm) ok(verb, path, key, body string) map[string]json.RawMessage {
	f.t.Helper()
	status, fields, header := f.ask(verb, path, key, body)
	if status != http.StatusOK || verb == "POST" && header.Get("Idempotency-Key") == "" {
		f.t.Fatalf("%s %s: %d %s", verb, path, status, show(fields))
	}
	return fields
}

func show(fields map[string]json.RawMessage) string {
	raw, _ := json.Marshal(fields)
	return string(raw)
}

// wrong wants a refusal with words in Russian for these fields.
func (f *firm) wrong(verb, path, body string, status int, code string, fields ...string) map[string][]string {
	f.t.Helper()
	got, answer, _ := f.ask(verb, path, "", body)
	var said string
	errors := map[string][]string{}
	if json.Unmarshal(answer["code"], &said) != nil || json.Unmarshal(answer["errors"], &errors) != nil || got != status || said != code ||
		len(answer["retry"]) < 3 || !russian(string(answer["message"])) {
		f.t.Fatalf("%s %s: %d %s, want %d %s", verb, path, got, show(answer), status, code)
	}
	names := []string{}
	for name, words := range errors {
		names = append(names, name)
		if len(words) == 0 || !russian(words[0]) {
			f.t.Errorf("%s: no words in Russian: %v", name, words)
		}
	}
	slices.Sort(names)
	slices.Sort(fields)
	if !slices.Equal(names, fields) {
		f.t.Errorf("%s %s: wrong are %v, want %v", verb, path, errors, fields)
	}
	return errors
}

func russian(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r >= 'а' && r <= 'я' })
}

const firmTask = `{"title":"Вёрстка","description":{"что":"главная","сроки":[1, 2.50]},"category":"Разработка","amount_gross":106.38,
	"fee":"106.38","executor_inn":"INN","executor":"PHONE","metadata":{"договор":17.10,"ok":null},"act_required":true,"type_of_executor":"СМЗ"}`

func ofPerson(text string, n uint64) string {
	return strings.NewReplacer("INN", requisite.ExamplePersonINN(n), "PHONE", requisite.ExamplePhone(n)).Replace(text)
}

// want compares fields with their JSON, digit by digit.
func want(t *testing.T, got map[string]json.RawMessage, fields map[string]string) {
	t.Helper()
	for name, json := range fields {
		if string(got[name]) != json {
			t.Errorf("%s is %s, want %s", name, got[name], json)
		}
	}
}

// idOf is a task's id.
func idOf(task map[string]json.RawMessage) string { return strings.Trim(string(task["id"]), `"`) }

// testProduct walks a task from its creation to the paid receipt as a company's program does.
func testProduct(t *testing.T, h *house) {
	f := h.firm(t)
	person := f.ok("POST", "/api/executors", "", ofPerson(`{"first_name":"Пётр","second_name":"Сергеевич","last_name":"Иванов","phone":"PHONE","inn":"INN",
		"payment_info":{"bank_account":{"bic":"`+account(1).GetBic()+`","account_number":"`+account(1).GetAccountNumber()+`"}}}`, 1))
	var worker string
	if err := json.Unmarshal(person["id"], &worker); err != nil {
		t.Fatal(err)
	}
	want(t, person, map[string]string{"first_name": `"П."`, "last_name": `"Иванов"`, "selfemployed_status": `"unknown"`, "employment_kind": `"selfemployed"`})
	found := f.ok("POST", "/api/executors/find", "", ofPerson(`{"inn":"INN","phone":"PHONE"}`, 1))
	if !strings.Contains(string(found["executors"]), worker) || strings.Contains(string(found["executors"]), requisite.ExamplePersonINN(1)) {
		t.Errorf("%s", found["executors"])
	}
	f.ok("GET", "/api/executors/"+worker, "", "")

	task := f.ok("POST", "/api/tasks", "t-1", ofPerson(firmTask, 1))
	if uri := string(task["agreement_signing_uri"]); !strings.HasPrefix(uri, `"/sign/`) || !strings.Contains(uri, idOf(task)+"/agreement#") {
		t.Errorf("the executor signs at %s", uri)
	}
	want(t, task, map[string]string{
		"fee": "106.38", "amount_gross": "106.38", "description": `{"что":"главная","сроки":[1,2.50]}`, "metadata": `{"договор":17.10,"ok":null}`,
		"status": `"draft"`, "signature_form": `"online"`, "acceptance_signing_uri": `""`, "acceptance_uri": `"/api/tasks/` + idOf(task) + `/act"`, "receipt_uri": `""`, "paid_at": "null",
		"payment_errors": "[]", "act_required": "true", "employment_kind": `"selfemployed"`, "period_duration": "30", "date": string(task["period_to"]),
	})
	if again := f.ok("POST", "/api/tasks", "t-1", ofPerson(firmTask, 1)); string(again["id"]) != string(task["id"]) {
		t.Error("the same key made another task")
	}
	var id string
	if err := json.Unmarshal(task["id"], &id); err != nil {
		t.Fatal(err)
	}
	f.work(id)
	f.wrong("POST", "/api/tasks/"+id+"/pay", "", http.StatusBadRequest, "wrong_state", "event")
	f.ok("POST", "/api/tasks/"+id+"/done", "", "")
	f.ok("POST", "/api/tasks/"+id+"/accept", "", "{}")
	f.ok("POST", "/api/tasks/"+id+"/pay", "pay", "")
	paid := f.settledTask(id)
	want(t, paid, map[string]string{"status": `"paid"`, "payment_errors": "[]", "fee": "106.38"})
	if len(paid["receipt_uri"]) < 10 || len(paid["paid_at"]) < 10 {
		t.Errorf("%s", show(paid))
	}
	list := f.ok("GET", "/api/tasks?status=paid,error&status=draft", "", "")
	if !strings.Contains(string(list["tasks"]), id) || string(list["next_page"]) != `""` {
		t.Errorf("%s", show(list))
	}
	testProductErrors(t, f)
	testProductLists(t, f, worker, id)
}

// testProductLists walks the lists of the cabinet: sections with counters, search, an offer.
func testProductLists(t *testing.T, f *firm, worker, paid string) {
	t.Helper()
	has := func(answer map[string]json.RawMessage, field, text string) {
		t.Helper()
		if !strings.Contains(string(answer[field]), text) {
			t.Errorf("%s lacks %q: %s", field, text, answer[field])
		}
	}
	task := f.ok("POST", "/api/tasks", "", `{"title":"Ёлочные игрушки","description":"b","category":"c","fee":10}`)
	path := "/api/tasks/" + idOf(task)
	want(t, task, map[string]string{"offer": "null"})
	offered := f.ok("POST", path+"/offer", "", `{"to":"circle","executors":["`+worker+`"],"expires_at":"`+time.Now().Add(time.Hour).Format(time.RFC3339)+`"}`)
	has(offered, "offer", `"to":"circle","circle":1,"declined":0`)
	has(f.ok("GET", "/api/sections", "", ""), "sections", `{"section":"offered","group":"Новые","title":"Предложены","count":1}`)
	list := f.ok("GET", "/api/tasks?section=offered,error&section=to_pay", "", "")
	has(list, "tasks", idOf(task))
	if strings.Contains(string(list["tasks"]), paid) {
		t.Errorf("a paid task is in the section: %s", list["tasks"])
	}
	has(f.ok("POST", "/api/tasks/search", "", `{"query":"ЁЛОЧН игр"}`), "tasks", idOf(task))
	has(f.ok("POST", "/api/tasks/search", "", `{"query":"иванов","section":["paid"]}`), "tasks", paid)
	has(f.ok("POST", "/api/executors/find", "", `{"name":"пётр ИВАН"}`), "executors", worker)
	want(t, f.ok("POST", path+"/withdraw", "", ""), map[string]string{"offer": "null", "status": `"draft"`})

	f.wrong("GET", "/api/tasks?section=offered&status=draft", "", http.StatusBadRequest, "malformed", "section")
	f.wrong("GET", "/api/tasks?section=lost", "", http.StatusBadRequest, "malformed", "section")
	f.wrong("POST", "/api/tasks/search", `{"query":"по"}`, http.StatusBadRequest, "malformed", "query")
	f.wrong("POST", "/api/tasks/search", `{}`, http.StatusBadRequest, "malformed", "query")
	f.wrong("POST", path+"/offer", `{"to":"friends","expires_at":"tomorrow"}`, http.StatusBadRequest, "malformed", "to", "expires_at")
	f.wrong("POST", path+"/offer", `{"to":"circle"}`, http.StatusBadRequest, "malformed", "executors")
	f.wrong("POST", path+"/offer", `{"to":"circle","executors":["nobody"]}`, http.StatusNotFound, "not_found", "executors")
}

// testProductErrors pays somebody without requisites: the words say why.
func testProductErrors(t *testing.T, f *firm) {
	f.ok("POST", "/api/executors", "", ofPerson(`{"first_name":"Анна","last_name":"Ким","phone":"PHONE","inn":"INN"}`, 2))
	task := f.ok("POST", "/api/tasks", "", ofPerson(`{"title":"Перевод","description":"Договор","document_name":"Перевод","fee":"10",
		"document_number":"7","document_date":"2026-01-02"}`, 2))
	want(t, task, map[string]string{"signature_form": `"manual"`, "status": `"draft"`, "description": `"Договор"`, "category": `"Перевод"`, "executor": "null"})
	path := "/api/tasks/" + strings.Trim(string(task["id"]), `"`)
	if s := f.ok("POST", path+"/assign", "", ofPerson(`{"executor_inn":"INN"}`, 2))["status"]; string(s) != `"inwork"` {
		t.Errorf("assigned: %s", s)
	}
	f.ok("POST", path+"/done", "", "")
	failed := f.ok("POST", path+"/pay", "", "")
	if string(failed["status"]) != `"error"` || !strings.Contains(string(failed["payment_errors"]), "не указал банковские реквизиты") {
		t.Errorf("%s", show(failed))
	}
	f.ok("POST", path+"/retry", "", "")
	want(t, f.ok("POST", path+"/cancel", "", ""), map[string]string{"status": `"canceled"`})
}

// work has the executor sign contract and act, which is not the company's to do.
func (f *firm) work(id string) {
	f.t.Helper()
	if _, err := f.Tasks.SignTask(f.t.Context(), &taskv1.SignTaskRequest{Book: f.book, TaskId: id}); err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.Tasks.SignAct(f.t.Context(), &taskv1.SignActRequest{Book: f.book, TaskId: id, Signer: taskv1.ActSigner_ACT_SIGNER_EXECUTOR}); err != nil {
		f.t.Fatal(err)
	}
}

// settledTask waits until a task is no longer being paid.
func (f *firm) settledTask(id string) map[string]json.RawMessage {
	f.t.Helper()
	for until := time.Now().Add(patience); ; f.pause() {
		task := f.ok("GET", "/api/tasks/"+id, "", "")
		if s := string(task["status"]); s != `"paying"` {
			return task
		}
		if time.Now().After(until) {
			f.t.Fatalf("the task is still %s", show(task))
		}
	}
}

// testProductRefuses says of every field what is wrong with it, and shows a company
// nothing of another.
func testProductRefuses(t *testing.T, h *house) {
	f := h.firm(t)
	f.wrong("POST", "/api/tasks", `{}`, http.StatusBadRequest, "malformed", "title", "description", "category", "amount_gross")
	f.wrong("POST", "/api/tasks", `{"title":"a","description":"b","category":"c","amount_gross":1e2,"colour":"red","act_required":"yes","period_duration":1.5}`,
		http.StatusBadRequest, "malformed", "amount_gross", "colour", "act_required", "period_duration")
	words := f.wrong("POST", "/api/tasks", `{"title":"","description":"b","category":"c","amount_gross":"10.5","period_from":"1 мая"}`,
		http.StatusBadRequest, "malformed", "title", "period_from")
	if words["title"][0] != "заголовок задания: от 1 до 255 знаков" {
		t.Error(words)
	}
	for _, amount := range []string{"10.001", `"1e2"`, "-5", "1E+1", `" 1"`, "0.1e1"} {
		f.wrong("POST", "/api/tasks", `{"title":"a","description":"b","category":"c","fee":`+amount+`}`, http.StatusBadRequest, "amount_invalid", "fee")
	}
	f.wrong("POST", "/api/tasks", `{"title":"a","description":"b","category":"c","fee":0}`, http.StatusBadRequest, "amount_invalid", "amount_gross")
	f.wrong("POST", "/api/tasks", `{"title":"a","description":"b","category":"c","document_name":"d","fee":"10.00","amount_gross":10.01}`,
		http.StatusBadRequest, "malformed", "category", "amount_gross")
	f.wrong("POST", "/api/tasks", ofPerson(`{"title":"a","description":"b","category":"c","fee":10,"executor_inn":"INN"}`, 77), http.StatusNotFound, "not_found", "executor_inn")
	f.wrong("POST", "/api/tasks", `[1]`, http.StatusBadRequest, "malformed")
	f.wrong("POST", "/api/tasks", `{"title":"a","title":"b"}`, http.StatusBadRequest, "malformed", "title")
	f.wrong("POST", "/api/executors", `{"first_name":"А","last_name":"К","phone":"12","inn":"1","payment_info":{"card_number":"4"}}`,
		http.StatusBadRequest, "malformed", "payment_info.card_number")
	f.wrong("POST", "/api/executors", ofPerson(`{"first_name":"А","last_name":"К","phone":"PHONE","inn":"1"}`, 3), http.StatusBadRequest, "inn_invalid", "inn")
	identity := `{"first_name":"А","last_name":"К","phone":"PHONE","inn":"INN","snils":"` + requisite.ExampleSNILS(4) + `","birthday":"1990-05-17",
		"passport":{"number":"4504 123456","issued_on":"2010-06-01","issued_by":"УФМС","department_code":"770-001"},"employment_kind":"civil_contract"}`
	for field, from := range map[string]string{
		"snils": requisite.ExampleSNILS(4), "birthday": "1990-05-17", "passport.number": "4504 123456", "passport.issued_on": "2010-06-01", "passport.department_code": "770-001",
	} {
		code := "passport_invalid"
		if field == "snils" {
			code = "snils_invalid"
		}
		f.wrong("POST", "/api/executors", ofPerson(strings.Replace(identity, from, "12345", 1), 4), http.StatusBadRequest, code, field)
	}
	f.wrong("POST", "/api/executors", ofPerson(strings.Replace(identity, `"issued_by":"УФМС",`, "", 1), 4), http.StatusBadRequest, "malformed", "passport.issued_by")
	f.ok("POST", "/api/executors", "", ofPerson(identity, 4))
	f.wrong("GET", "/api/tasks?status=gone", "", http.StatusBadRequest, "malformed", "status")
	f.wrong("GET", "/api/tasks?company_id=x", "", http.StatusBadRequest, "malformed", "company_id")
	f.wrong("GET", "/api/tasks/nobody", "", http.StatusNotFound, "not_found", "id")
	f.wrong("DELETE", "/api/tasks", "", http.StatusMethodNotAllowed, "malformed")
	f.wrong("GET", "/api/nothing", "", http.StatusNotFound, "not_found")

	// Another company of the same book.
	own := f.ok("POST", "/api/tasks", "k", `{"title":"a","description":"b","category":"c","fee":10}`)
	path := "/api/tasks/" + strings.Trim(string(own["id"]), `"`)
	other := &firm{caller: &caller{Client: f.Client, house: h, t: t, book: f.book}, id: f.company(2, "")}
	other.key = h.mintFor(t, f.book, other.id)
	other.wrong("GET", path, "", http.StatusNotFound, "not_found", "id")
	for _, action := range []string{"done", "accept", "pay", "retry", "cancel"} {
		other.wrong("POST", path+"/"+action, "", http.StatusNotFound, "not_found", "id")
	}
	if list := other.ok("GET", "/api/tasks", "", ""); string(list["tasks"]) != "[]" {
		t.Errorf("%s", list["tasks"])
	}
	if theirs := other.ok("POST", "/api/tasks", "k", `{"title":"a","description":"b","category":"c","fee":20}`); string(theirs["id"]) == string(own["id"]) {
		t.Error("two companies share a key")
	}
	house := &firm{caller: &caller{house: h, t: t, book: f.book, key: h.mint(t, f.book, gate.Roles()...)}}
	house.wrong("GET", "/api/tasks", "", http.StatusForbidden, "permission_denied")
	nobody := &firm{caller: &caller{house: h, t: t, key: "pk_invented"}}
	nobody.wrong("GET", "/api/tasks", "", http.StatusUnauthorized, "unauthenticated", "authorization")
}
