package product

import (
	"bytes"
	"encoding/json"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// number is a decimal that JSON writes as a number, digit by digit; "" is null.
type number string

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	if n == "" {
		return []byte("null"), nil
	}
	return json.Marshal(json.Number(n))
}

// moment is RFC 3339 in UTC; nil is null.
type moment struct{ *timestamppb.Timestamp }

// MarshalJSON implements json.Marshaler.
func (m moment) MarshalJSON() ([]byte, error) {
	if m.Timestamp == nil {
		return []byte("null"), nil
	}
	return json.Marshal(m.AsTime().Format(time.RFC3339Nano))
}

// taskAnswer is a task as the document writes it.
type taskAnswer struct {
	ID                   string          `json:"id"`
	AgreementSigningURI  string          `json:"agreement_signing_uri"`
	AcceptanceSigningURI string          `json:"acceptance_signing_uri"`
	AgreementTypeID      string          `json:"agreement_type_id"`
	AgreementURI         string          `json:"agreement_uri"`
	AcceptanceURI        string          `json:"acceptance_uri"`
	PeriodFrom           string          `json:"period_from"`
	PeriodTo             string          `json:"period_to"`
	PeriodDuration       *int            `json:"period_duration"`
	Category             string          `json:"category"`
	CreatedAt            moment          `json:"created_at"`
	Date                 string          `json:"date"`
	Description          json.RawMessage `json:"description"`
	AdditionalInfo       string          `json:"additional_info"`
	Fee                  number          `json:"fee"`
	AmountGross          number          `json:"amount_gross"`
	Metadata             json.RawMessage `json:"metadata"`
	PaidAt               moment          `json:"paid_at"`
	PaymentErrors        []paymentError  `json:"payment_errors"`
	ReceiptURI           string          `json:"receipt_uri"`
	EmploymentKind       string          `json:"employment_kind"`
	ActRequired          bool            `json:"act_required"`
	ExecutorSignedAt     moment          `json:"executor_signed_at"`
	SignedAt             moment          `json:"signed_at"`
	SignatureForm        string          `json:"signature_form"`
	Status               string          `json:"status"`
	Title                string          `json:"title"`
	Executor             *taskExecutor   `json:"executor"`
	Offer                *taskOffer      `json:"offer"`
}

type taskOffer struct {
	To        string `json:"to"`
	Circle    uint32 `json:"circle"`
	Declined  uint32 `json:"declined"`
	OfferedAt moment `json:"offered_at"`
	ExpiresAt moment `json:"expires_at"`
}

type paymentError struct {
	Code       string `json:"code"`
	Message    string `json:"message"`
	RetryHelps bool   `json:"retry_helps"`
	Actor      string `json:"actor"`
	RetryAt    moment `json:"retry_at"`
}

type taskExecutor struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	INN   string `json:"inn"`
	Phone string `json:"phone"`
}

// executorAnswer is an executor as the document writes him.
type executorAnswer struct {
	ID                 string       `json:"id"`
	FirstName          string       `json:"first_name"`
	SecondName         string       `json:"second_name"`
	LastName           string       `json:"last_name"`
	Phone              string       `json:"phone"`
	SelfemployedStatus string       `json:"selfemployed_status"`
	INN                string       `json:"inn"`
	PaymentInfo        *paymentInfo `json:"payment_info"`
	EmploymentKind     string       `json:"employment_kind"`
	Status             string       `json:"status"`
}

type paymentInfo struct {
	BankAccount *bankAccount `json:"bank_account"`
	CardNumber  *string      `json:"card_number"` // the last four digits: nobody here has more
}

type bankAccount struct {
	BIC           string `json:"bic"`
	AccountNumber string `json:"account_number"`
}

// encode writes JSON as it is meant: texts in Russian, no escapes for web pages.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Task is the JSON of a task, the same wherever this API shows it.
func Task(t *taskv1.Task) ([]byte, error) {
	a, err := showTask(t)
	if err != nil {
		return nil, err
	}
	return encode(a)
}

func showTask(t *taskv1.Task) (taskAnswer, error) {
	description, metadata := json.RawMessage(t.GetDescriptionJson()), json.RawMessage(t.GetMetadataJson())
	var err error
	if len(description) == 0 {
		if description, err = encode(t.GetDescription()); err != nil {
			return taskAnswer{}, err
		}
	}
	if len(metadata) == 0 {
		if metadata, err = encode(t.GetMetadata()); err != nil {
			return taskAnswer{}, err
		}
	}
	a := taskAnswer{
		ID: t.GetId(), AgreementSigningURI: t.GetAgreementSigningUri(), AcceptanceSigningURI: t.GetAcceptanceSigningUri(),
		AgreementTypeID: t.GetAgreementTypeId(), AgreementURI: t.GetAgreementUri(), AcceptanceURI: t.GetAcceptanceUri(),
		PeriodFrom: t.GetPeriodFrom(), PeriodTo: t.GetPeriodTo(), PeriodDuration: days(t.GetPeriodFrom(), t.GetPeriodTo()),
		Category: t.GetCategory(), CreatedAt: moment{t.GetCreatedAt()}, Date: t.GetPeriodTo(), Description: description,
		AdditionalInfo: t.GetAdditionalInfo(), Fee: number(t.GetAmountGross()), AmountGross: number(t.GetAmountGross()), Metadata: metadata,
		PaidAt: moment{t.GetPaidAt()}, PaymentErrors: []paymentError{}, ReceiptURI: t.GetReceiptUri(), EmploymentKind: t.GetEmploymentKind(),
		ActRequired: t.GetActRequired(), ExecutorSignedAt: moment{t.GetExecutorSignedAt()}, SignedAt: moment{t.GetSignedAt()},
		SignatureForm: t.GetSignatureForm(), Status: t.GetStatus(), Title: t.GetTitle(),
	}
	for _, e := range t.GetPaymentErrors() {
		a.PaymentErrors = append(a.PaymentErrors, paymentError{e.GetCode(), e.GetMessage(), e.GetRetryHelps(), e.GetActor(), moment{e.GetRetryAt()}})
	}
	if e := t.GetExecutor(); e != nil {
		a.Executor = &taskExecutor{e.GetExecutorId(), e.GetName(), e.GetInn(), e.GetPhone()}
	}
	if o := t.GetOffer(); o != nil {
		a.Offer = &taskOffer{o.GetTo(), o.GetCircle(), o.GetDeclined(), moment{o.GetOfferedAt()}, moment{o.GetExpiresAt()}}
	}
	return a, nil
}

// days counts from one day to another; nil when one is not there.
func days(from, to string) *int {
	first, err := time.Parse(time.DateOnly, from)
	last, failed := time.Parse(time.DateOnly, to)
	if err != nil || failed != nil {
		return nil
	}
	n := int(last.Sub(first) / (24 * time.Hour))
	return &n
}

// taskOf shows the task of a method's answer.
func taskOf[T any, M interface {
	*T
	proto.Message
	GetTask() *taskv1.Task
}](body []byte) (any, error) {
	m := M(new(T))
	if err := decode(body, m); err != nil {
		return nil, err
	}
	return showTask(m.GetTask())
}

// taskList shows the page of tasks of a method's answer.
func taskList[T any, M interface {
	*T
	proto.Message
	GetTasks() []*taskv1.Task
	GetNextPageToken() string
}](body []byte) (any, error) {
	m := M(new(T))
	if err := decode(body, m); err != nil {
		return nil, err
	}
	out := struct {
		Tasks    []taskAnswer `json:"tasks"`
		NextPage string       `json:"next_page"`
	}{[]taskAnswer{}, m.GetNextPageToken()}
	for _, t := range m.GetTasks() {
		a, err := showTask(t)
		if err != nil {
			return nil, err
		}
		out.Tasks = append(out.Tasks, a)
	}
	return out, nil
}

func showExecutor(e *executorv1.Executor) executorAnswer {
	p := e.GetPerson()
	a := executorAnswer{
		ID: e.GetExecutorId(), FirstName: p.GetFirstName(), SecondName: p.GetSecondName(), LastName: p.GetLastName(), Phone: p.GetPhone(),
		INN: p.GetInn(), EmploymentKind: e.GetEmploymentKind(), Status: e.GetState(), SelfemployedStatus: e.GetSelfemployedStatus(),
	}
	if r := e.GetRequisites(); r != nil {
		a.PaymentInfo = &paymentInfo{}
		switch {
		case r.GetCard() != nil:
			shown := "**** " + r.GetCard().GetMask()
			a.PaymentInfo.CardNumber = &shown
		case r.GetSbp() == nil:
			a.PaymentInfo.BankAccount = &bankAccount{r.GetBic(), r.GetAccountNumber()}
		}
	}
	return a
}

// executorOf shows the executor of a method's answer.
func executorOf[T any, M interface {
	*T
	proto.Message
	GetExecutor() *executorv1.Executor
}](body []byte) (any, error) {
	m := M(new(T))
	if err := decode(body, m); err != nil {
		return nil, err
	}
	return showExecutor(m.GetExecutor()), nil
}

func executorList(body []byte) (any, error) {
	m := new(executorv1.FindExecutorsResponse)
	if err := decode(body, m); err != nil {
		return nil, err
	}
	out := struct {
		Executors []executorAnswer `json:"executors"`
	}{[]executorAnswer{}}
	for _, e := range m.GetExecutors() {
		out.Executors = append(out.Executors, showExecutor(e))
	}
	return out, nil
}

// sectionList shows the counters of the cabinet.
func sectionList(body []byte) (any, error) {
	m := new(taskv1.CountSectionsResponse)
	if err := decode(body, m); err != nil {
		return nil, err
	}
	type counter struct {
		Section string `json:"section"`
		Group   string `json:"group"`
		Title   string `json:"title"`
		Count   int64  `json:"count"`
	}
	out := struct {
		Sections []counter `json:"sections"`
	}{[]counter{}}
	for _, c := range m.GetSections() {
		out.Sections = append(out.Sections, counter{c.GetSection(), c.GetGroup(), c.GetTitle(), c.GetCount()})
	}
	return out, nil
}
