package product

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/ledger/fault"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
	"github.com/provodka/provodka/proto/gen/provodka/document/v1/documentv1connect"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	"github.com/provodka/provodka/proto/gen/provodka/executor/v1/executorv1connect"
	subscriptionv1 "github.com/provodka/provodka/proto/gen/provodka/subscription/v1"
	"github.com/provodka/provodka/proto/gen/provodka/subscription/v1/subscriptionv1connect"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
	"github.com/provodka/provodka/proto/gen/provodka/task/v1/taskv1connect"
)

// call is one row of Calls: the method that it asks, the fields that it reads, and
// both ways between them.
type call struct {
	procedure string
	reads     []string
	request   func(*asked) proto.Message
	answer    func(body []byte) (any, error)
}

var calls = map[string]call{
	"create_task": {taskv1connect.TaskServiceCreateTaskProcedure, []string{
		"title", "description", "executor_inn", "executor", "category", "document_name", "amount_gross", "fee", "period_from", "period_to",
		"period_duration", "additional_info", "metadata", "type_of_executor", "employment_kind", "act_required", "send_link", "autocomplete",
		"document_number", "document_date", "agreement_type_id",
	}, createTask, taskOf[taskv1.CreateTaskResponse]},
	"list_tasks":   {taskv1connect.TaskServiceListTasksProcedure, []string{"status", "section", "page"}, listTasks, taskList[taskv1.ListTasksResponse]},
	"search_tasks": {taskv1connect.TaskServiceSearchTasksProcedure, []string{"query", "status", "section", "page"}, searchTasks, taskList[taskv1.SearchTasksResponse]},
	"count_sections": {taskv1connect.TaskServiceCountSectionsProcedure, nil, func(a *asked) proto.Message {
		return &taskv1.CountSectionsRequest{Book: a.Book, CompanyId: a.Company}
	}, sectionList},
	"offer_task": {taskv1connect.TaskServiceOfferTaskProcedure, []string{"to", "executors", "expires_at"}, offerTask, taskOf[taskv1.OfferTaskResponse]},
	"withdraw_offer": {taskv1connect.TaskServiceWithdrawOfferProcedure, nil, func(a *asked) proto.Message {
		return &taskv1.WithdrawOfferRequest{Book: a.Book, Key: a.key, TaskId: a.id}
	}, taskOf[taskv1.WithdrawOfferResponse]},
	"get_task": {taskv1connect.TaskServiceGetTaskProcedure, nil, func(a *asked) proto.Message {
		return &taskv1.GetTaskRequest{Book: a.Book, TaskId: a.id}
	}, taskOf[taskv1.GetTaskResponse]},
	"get_agreement": {documentv1connect.DocumentServiceGetDocumentProcedure, nil, documentOf("agreement"), fileOf},
	"get_act":       {documentv1connect.DocumentServiceGetDocumentProcedure, nil, documentOf("act"), fileOf},
	"list_closing": {documentv1connect.DocumentServiceListClosingDocumentsProcedure, nil, func(a *asked) proto.Message {
		return &documentv1.ListClosingDocumentsRequest{Book: a.Book, CompanyId: a.Company}
	}, closingList},
	"get_closing":     {documentv1connect.DocumentServiceGetClosingDocumentProcedure, nil, closingOf, closingPDF},
	"get_closing_csv": {documentv1connect.DocumentServiceGetClosingDocumentProcedure, nil, closingOf, closingCSV},
	"assign_task": {taskv1connect.TaskServiceAssignTaskProcedure, []string{"executor_inn", "executor"}, func(a *asked) proto.Message {
		who := whom(a)
		if who == nil {
			a.one("executor_inn", "executor", true, func(string, string) bool { return true })
		}
		return &taskv1.AssignTaskRequest{Book: a.Book, Key: a.key, TaskId: a.id, Executor: who}
	}, taskOf[taskv1.AssignTaskResponse]},
	"change_task": {taskv1connect.TaskServiceChangeTaskProcedure, []string{
		"title", "description", "category", "document_name", "amount_gross", "fee", "period_from", "period_to", "period_duration",
		"additional_info", "metadata", "type_of_executor", "employment_kind", "act_required",
	}, changeTask, taskOf[taskv1.ChangeTaskResponse]},
	"delete_task": {taskv1connect.TaskServiceDeleteTaskProcedure, nil, func(a *asked) proto.Message {
		return &taskv1.DeleteTaskRequest{Book: a.Book, Key: a.key, TaskId: a.id}
	}, func([]byte) (any, error) { return struct{}{}, nil }},
	"done_task": {taskv1connect.TaskServiceDoneTaskProcedure, nil, func(a *asked) proto.Message {
		return &taskv1.DoneTaskRequest{Book: a.Book, Key: a.key, TaskId: a.id}
	}, taskOf[taskv1.DoneTaskResponse]},
	"accept_task": {taskv1connect.TaskServiceSignActProcedure, nil, func(a *asked) proto.Message {
		return &taskv1.SignActRequest{Book: a.Book, Key: a.key, TaskId: a.id, Signer: taskv1.ActSigner_ACT_SIGNER_CUSTOMER}
	}, taskOf[taskv1.SignActResponse]},
	"pay_task": {taskv1connect.TaskServicePayTaskProcedure, nil, func(a *asked) proto.Message {
		return &taskv1.PayTaskRequest{Book: a.Book, Key: a.key, TaskId: a.id}
	}, taskOf[taskv1.PayTaskResponse]},
	"retry_task": {taskv1connect.TaskServiceRetryTaskProcedure, nil, func(a *asked) proto.Message {
		return &taskv1.RetryTaskRequest{Book: a.Book, Key: a.key, TaskId: a.id}
	}, taskOf[taskv1.RetryTaskResponse]},
	"cancel_task": {taskv1connect.TaskServiceCancelTaskProcedure, nil, func(a *asked) proto.Message {
		return &taskv1.CancelTaskRequest{Book: a.Book, Key: a.key, TaskId: a.id}
	}, taskOf[taskv1.CancelTaskResponse]},
	"register_executor": {executorv1connect.ExecutorServiceRegisterExecutorProcedure, []string{
		"first_name", "second_name", "last_name", "phone", "inn", "snils", "birthday", "address",
		fieldPassport, "passport.issued_on", "passport.issued_by", "passport.department_code",
		fieldBIC, fieldAccount, "type_of_executor", "employment_kind",
	}, registerExecutor, executorOf[executorv1.RegisterExecutorResponse]},
	"find_executors": {executorv1connect.ExecutorServiceFindExecutorsProcedure, []string{"inn", "phone", "name"}, func(a *asked) proto.Message {
		if a.text("name") == "" {
			a.one("inn", "phone", true, func(string, string) bool { return true })
		}
		return &executorv1.FindExecutorsRequest{Book: a.Book, Inn: a.text("inn"), Phone: a.text("phone"), Name: a.text("name")}
	}, executorList},
	"create_subscription": {subscriptionv1connect.SubscriptionServiceCreateSubscriptionProcedure, []string{
		"uri", "http_method", "subscribed_on",
	}, func(a *asked) proto.Message {
		return &subscriptionv1.CreateSubscriptionRequest{
			Book: a.Book, Key: a.key, CompanyId: a.Company, Uri: a.text("uri"), HttpMethod: a.text("http_method"), SubscribedOn: a.lists["subscribed_on"],
		}
	}, newSubscription},
	"list_subscriptions": {subscriptionv1connect.SubscriptionServiceListSubscriptionsProcedure, nil, func(a *asked) proto.Message {
		return &subscriptionv1.ListSubscriptionsRequest{Book: a.Book, CompanyId: a.Company}
	}, subscriptionList},
	"list_deliveries": {subscriptionv1connect.SubscriptionServiceListDeliveriesProcedure, []string{"page"}, func(a *asked) proto.Message {
		return &subscriptionv1.ListDeliveriesRequest{Book: a.Book, CompanyId: a.Company, SubscriptionId: a.id, PageToken: a.text("page")}
	}, deliveryList},
	"replay_subscription": {subscriptionv1connect.SubscriptionServiceReplaySubscriptionProcedure, []string{"from"}, func(a *asked) proto.Message {
		return &subscriptionv1.ReplaySubscriptionRequest{Book: a.Book, CompanyId: a.Company, SubscriptionId: a.id, From: a.text("from")}
	}, replayedSubscription},
	"delete_subscription": {subscriptionv1connect.SubscriptionServiceDeleteSubscriptionProcedure, nil, func(a *asked) proto.Message {
		return &subscriptionv1.DeleteSubscriptionRequest{Book: a.Book, CompanyId: a.Company, SubscriptionId: a.id}
	}, func([]byte) (any, error) { return struct{}{}, nil }},
	"get_executor": {executorv1connect.ExecutorServiceGetExecutorProcedure, nil, func(a *asked) proto.Message {
		return &executorv1.GetExecutorRequest{Book: a.Book, ExecutorId: a.id, Unmask: a.Personal}
	}, executorOf[executorv1.GetExecutorResponse]},
}

// The fields of a bank account.
const (
	fieldBIC      = "payment_info.bank_account.bic"
	fieldPassport = "passport.number"
	fieldAccount  = "payment_info.bank_account.account_number"
)

// methodFields are the names by which methods call fields that have others here.
var methodFields = map[string]string{
	"task_id": "id", "executor_id": "id", "subscription_id": "id", "key": keyHeader, "statuses": "status", "sections": "section", "executor_ids": "executors", "page_token": "page",
	"executor.executor_id": "executor", "executor.executor_inn": "executor_inn", "executor.executor": "executor",
	"requisites.bic": fieldBIC, "requisites.account_number": fieldAccount,
	"description_json": "description", "metadata_json": "metadata",
}

// fieldOf is the name here of a field of a method.
func fieldOf(name string) string {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "task."), "person.")
	name, _, _ = strings.Cut(name, "[")
	if own, ok := methodFields[name]; ok {
		return own
	}
	return name
}

// employment has the words of the document for the kinds of employment.
var employment = map[string]string{"СМЗ": "selfemployed", "ГПХ": "civil_contract", "ИП": "entrepreneur"}

func kindOf(a *asked) string {
	word := func(text string) string {
		if kind, ok := employment[text]; ok {
			return kind
		}
		return text
	}
	return word(a.one("employment_kind", "type_of_executor", false, func(x, y string) bool { return word(x) == word(y) }))
}

// whom is the executor that is named; nil when none is.
func whom(a *asked) *taskv1.ExecutorRef {
	if a.text("executor_inn") == "" && a.text("executor") == "" {
		return nil
	}
	return &taskv1.ExecutorRef{ExecutorInn: a.text("executor_inn"), Executor: a.text("executor")}
}

func createTask(a *asked) proto.Message {
	draft := &taskv1.TaskDraft{
		Title: a.text("title"), Description: a.text("description"), Category: a.one("category", "document_name", true, equal),
		Executor: whom(a), AmountGross: a.one("amount_gross", "fee", true, sameAmount), EmploymentKind: kindOf(a),
		PeriodFrom: a.text("period_from"), PeriodTo: a.text("period_to"), PeriodDuration: a.count("period_duration"),
		AdditionalInfo: a.text("additional_info"), MetadataJson: a.text("metadata"), ActRequired: a.flag("act_required"),
		Autocomplete: a.flag("autocomplete"), SendLink: a.flag("send_link"), DocumentNumber: a.text("document_number"), DocumentDate: a.text("document_date"),
		AgreementTypeId: a.text("agreement_type_id"),
	}
	draft.Description, draft.DescriptionJson = description(a)
	return &taskv1.CreateTaskRequest{Book: a.Book, Key: a.key, CompanyId: a.Company, Task: draft}
}

// description is the field as a text that people read and, of an object, as it was given.
func description(a *asked) (text, object string) {
	if raw := a.raw["description"]; len(raw) > 0 && raw[0] == '{' {
		return plain(raw), a.text("description")
	}
	return a.text("description"), ""
}

func changeTask(a *asked) proto.Message {
	for _, name := range []string{"title", "description", "category", "document_name"} {
		if a.given(name) && strings.TrimSpace(a.text(name)) == "" {
			a.wrong.add(fault.Malformed, name, a.route.field(name).words, "the text is empty")
		}
	}
	req := &taskv1.ChangeTaskRequest{
		Book: a.Book, Key: a.key, TaskId: a.id, Title: a.text("title"), Category: a.one("category", "document_name", false, equal),
		AmountGross: a.one("amount_gross", "fee", false, sameAmount), EmploymentKind: kindOf(a), PeriodFrom: a.text("period_from"),
		PeriodTo: a.text("period_to"), PeriodDuration: a.count("period_duration"), MetadataJson: a.text("metadata"),
	}
	req.Description, req.DescriptionJson = description(a)
	if a.given("act_required") {
		req.ActRequired = new(a.flag("act_required"))
	}
	if a.given("additional_info") {
		req.AdditionalInfo = new(a.text("additional_info"))
	}
	return req
}

// plain writes the fields of an object as lines that people can read.
func plain(raw json.RawMessage) string {
	var b strings.Builder
	d := json.NewDecoder(bytes.NewReader(raw))
	_, _ = d.Token() // the brace: the object was read before
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return string(raw)
		}
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		fmt.Fprintf(&b, "%s: %s\n", name, text)
	}
	return strings.TrimSpace(b.String())
}

func listTasks(a *asked) proto.Message {
	return &taskv1.ListTasksRequest{Book: a.Book, CompanyId: a.Company, Statuses: a.lists["status"], Sections: a.lists["section"], PageToken: a.text("page")}
}

func searchTasks(a *asked) proto.Message {
	return &taskv1.SearchTasksRequest{
		Book: a.Book, CompanyId: a.Company, Query: a.text("query"), Statuses: a.lists["status"], Sections: a.lists["section"], PageToken: a.text("page"),
	}
}

// audiences are the words for whom a task may be offered to.
var audiences = map[string]taskv1.OfferTo{
	"circle": taskv1.OfferTo_OFFER_TO_CIRCLE, "known": taskv1.OfferTo_OFFER_TO_KNOWN, "all": taskv1.OfferTo_OFFER_TO_ALL,
}

func offerTask(a *asked) proto.Message {
	to, ok := audiences[a.text("to")]
	if !ok && a.given("to") {
		a.wrong.add(fault.Malformed, "to", a.route.field("to").words, "it is no audience")
	}
	req := &taskv1.OfferTaskRequest{Book: a.Book, Key: a.key, TaskId: a.id, To: to, ExecutorIds: a.lists["executors"]}
	if text := a.text("expires_at"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			a.wrong.add(fault.Malformed, "expires_at", a.route.field("expires_at").words, "it is no moment")
		}
		req.ExpiresAt = timestamppb.New(at)
	}
	return req
}

func registerExecutor(a *asked) proto.Message {
	req := &executorv1.RegisterExecutorRequest{
		Book: a.Book, Key: a.key, EmploymentKind: kindOf(a),
		Person: &executorv1.Person{
			Inn: a.text("inn"), Phone: a.text("phone"), LastName: a.text("last_name"), FirstName: a.text("first_name"), SecondName: a.text("second_name"),
			Snils: a.text("snils"), Birthday: a.text("birthday"), Address: a.text("address"),
		},
	}
	if issued := []string{a.text("passport.issued_on"), a.text("passport.issued_by"), a.text("passport.department_code")}; a.text(fieldPassport) != "" || slices.Max(issued) != "" {
		req.Person.Passport = &executorv1.Passport{Number: a.text(fieldPassport), IssuedOn: issued[0], IssuedBy: issued[1], DepartmentCode: issued[2]}
	}
	if req.GetEmploymentKind() == "" {
		req.EmploymentKind = "selfemployed"
	}
	if a.text(fieldBIC) != "" || a.text(fieldAccount) != "" {
		req.Requisites = &executorv1.Requisites{Bic: a.text(fieldBIC), AccountNumber: a.text(fieldAccount)}
	}
	return req
}

// decode reads a method's answer.
func decode(body []byte, into proto.Message) error {
	return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, into)
}

// documentOf asks for a document of a task, with stamps once somebody has signed it.
func documentOf(kind string) func(*asked) proto.Message {
	return func(a *asked) proto.Message {
		return &documentv1.GetDocumentRequest{Book: a.Book, TaskId: a.id, Document: kind, Stamped: true}
	}
}

// Kinds of files.
const (
	pdfFile = "application/pdf"
	csvFile = "text/csv; charset=utf-8"
)

// file is an answer that is no JSON.
type file struct {
	kind, name string
	bytes      []byte
}

func closingOf(a *asked) proto.Message {
	return &documentv1.GetClosingDocumentRequest{Book: a.Book, CompanyId: a.Company, Month: a.id}
}

func closingPDF(body []byte) (any, error) {
	m := &documentv1.GetClosingDocumentResponse{}
	err := decode(body, m)
	return file{pdfFile, m.GetFileName() + ".pdf", m.GetPdf()}, err
}

func closingCSV(body []byte) (any, error) {
	m := &documentv1.GetClosingDocumentResponse{}
	err := decode(body, m)
	return file{csvFile, m.GetFileName() + ".csv", m.GetCsv()}, err
}

// closingList shows a company's monthly documents.
func closingList(body []byte) (any, error) {
	m := &documentv1.ListClosingDocumentsResponse{}
	if err := decode(body, m); err != nil {
		return nil, err
	}
	out := struct {
		Documents []closingAnswer `json:"documents"`
	}{Documents: []closingAnswer{}}
	for _, d := range m.GetDocuments() {
		out.Documents = append(out.Documents, closingAnswer{
			d.GetMonth(), d.GetNumber(), d.GetCorrection(), d.GetDrawnOn(), number(d.GetClosing()), number(d.GetCommission()),
			d.GetPdfSha256(), d.GetCsvSha256(), d.GetSuperseded(),
		})
	}
	return out, nil
}

// closingAnswer is a document of a month.
type closingAnswer struct {
	Month      string `json:"month"`
	Number     uint32 `json:"number"`
	Correction uint32 `json:"correction"`
	DrawnOn    string `json:"drawn_on"`
	Closing    number `json:"closing"`
	Commission number `json:"commission"`
	PDF        string `json:"pdf_sha256"`
	CSV        string `json:"csv_sha256"`
	Superseded bool   `json:"superseded"`
}

func fileOf(body []byte) (any, error) {
	m := &documentv1.GetDocumentResponse{}
	if err := decode(body, m); err != nil {
		return nil, err
	}
	return file{pdfFile, m.GetDocument().GetFileName(), m.GetDocument().GetFile()}, nil
}
