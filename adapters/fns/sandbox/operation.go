package sandbox

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/port/leanxml"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/money"
)

// message is a question that waits to be asked about.
type message struct {
	payment string     // OperationUniqueId of a registration
	first   bool       // it is the one that registered: it gets the receipt, others DUPLICATE
	answer  func() smz // of everything else
	rule    stage.Rule
	asked   int
	since   time.Time
}

// put keeps a message and answers with its id.
func (s *Server) put(w http.ResponseWriter, m *message) {
	id := newID()
	m.since = s.now()
	if m.rule.Fault != stage.Lost && m.rule.Fault != stage.LostApplied {
		s.mu.Lock()
		s.messages[id] = m
		s.mu.Unlock()
	}
	answer(w, http.StatusOK, fmt.Sprintf(`<SendMessageResponse xmlns=%q><MessageId>%s</MessageId></SendMessageResponse>`, nsAsync, id))
}

// send takes an operation.
func (s *Server) send(w http.ResponseWriter, r *http.Request, req *request) {
	op := req.Body.Send.Message
	switch {
	case op.Income != nil:
		s.sendIncome(w, r, *op.Income)
	case op.Status != nil:
		s.question(w, r, "status", op.Status.INN, s.status)
	case op.Permissions != nil:
		s.question(w, r, "permissions", op.Permissions.INN, s.permissions)
	case op.Account != nil:
		s.question(w, r, "account", op.Account.INN, s.account)
	case op.Entity != nil:
		s.question(w, r, "entity", op.Entity.INN, s.entity)
	case op.Documents != nil && len(op.Documents.INNs) == 1: // more are not played
		s.question(w, r, "documents", op.Documents.INNs[0], s.documents)
	case op.Period != nil:
		s.question(w, r, "period", op.Period.INN, func(string) smz { return s.period(*op.Period) })
	case op.Cancel != nil:
		s.question(w, r, "cancel", op.Cancel.INN, func(string) smz { return s.cancel(*op.Cancel) })
	case op.Receipts != nil:
		s.question(w, r, "receipts", op.Receipts.INN, func(string) smz { return s.receipts(*op.Receipts) })
	case s.sendBinding(w, r, req):
	default:
		s.put(w, &message{answer: func() smz { return failure("REQUEST_VALIDATION_ERROR", "Неизвестная операция") }})
	}
}

// question takes an operation that registers nothing.
func (s *Server) question(w http.ResponseWriter, r *http.Request, op, inn string, about func(inn string) smz) {
	rule := s.books.Behave(stage.Subject{Op: op, ID: inn, INN: inn, Account: inn})
	if slices.Contains(applied, rule.Fault) {
		about(inn) // what it does is done, and its answer is nobody's
	}
	if s.misbehave(w, r, rule.Fault, rule) {
		return
	}
	s.put(w, &message{rule: rule, answer: func() smz {
		if rule.Fault == stage.Refuse || rule.Fault == stage.UnknownStatus && rule.Code != "" {
			return failure(cmp.Or(rule.Code, "INTERNAL_ERROR"), cmp.Or(rule.Message, "Внутренняя ошибка"))
		}
		if rule.Fault == stage.Duplicate {
			return twice(about(inn))
		}
		return about(inn)
	}})
}

// applied are the faults of a question that was worked on though its answer is lost, or that
// was worked on twice.
var applied = []stage.Fault{stage.SilentApplied, stage.ErrorApplied, stage.LostApplied, stage.Duplicate}

// twice says everything that is in a list two times.
func twice(content smz) smz {
	switch of := content.inner.(type) {
	case documentsResponse:
		for i, p := range of.People {
			of.People[i].Documents = slices.Concat(p.Documents, p.Documents)
		}
	case receiptsResponse:
		of.Receipts = slices.Concat(of.Receipts, of.Receipts)
		content.inner = of
	}
	return content
}

// misbehave plays the faults of a send; true when nothing more is to be answered.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, fault stage.Fault, rule stage.Rule) bool {
	switch fault {
	case stage.Silent, stage.SilentApplied:
		s.books.Hang(r, rule.Delay())
	case stage.Error, stage.ErrorApplied:
		soapFault(w, cmp.Or(rule.Message, "Произошел timeout ожидания ответа"), "")
		return true
	case stage.Slow:
		s.books.Linger(r, rule.Delay(), false)
	}
	return false
}

// invalid says what the service would not take, "" when nothing.
func (i incomeRequest) invalid() string {
	total, err := money.RUB.Parse(i.TotalAmount)
	if err != nil || total.Sign() <= 0 {
		return "TotalAmount"
	}
	if len(i.Services) == 0 || len(i.Services) > 6 {
		return "Services"
	}
	sum := money.Zero
	for _, line := range i.Services {
		amount, err := money.RUB.Parse(line.Amount)
		if err != nil || amount.Sign() <= 0 || line.Name == "" || line.Quantity < 1 {
			return "Services"
		}
		sum = sum.Add(amount.Mul(money.New(int64(line.Quantity), 0), money.RUB.Scale, money.HalfUp))
	}
	_, errRequest := time.Parse(time.RFC3339Nano, i.RequestTime)
	_, errOperation := time.Parse(time.RFC3339Nano, i.OperationTime)
	switch {
	case !sum.Equal(total):
		return "TotalAmount: сумма услуг другая"
	case errRequest != nil:
		return "RequestTime"
	case errOperation != nil:
		return "OperationTime"
	case i.IncomeType != "FROM_INDIVIDUAL" && i.IncomeType != "FROM_LEGAL_ENTITY" && i.IncomeType != "FROM_FOREIGN_AGENCY":
		return "IncomeType"
	case i.IncomeType == "FROM_LEGAL_ENTITY" && (i.CustomerINN == "" || i.CustomerName == ""):
		return "CustomerInn"
	}
	return ""
}

// sendIncome takes a registration.
func (s *Server) sendIncome(w http.ResponseWriter, r *http.Request, i incomeRequest) {
	if wrong := i.invalid(); wrong != "" {
		s.put(w, &message{answer: func() smz {
			return failure("REQUEST_VALIDATION_ERROR", "Ошибка валидации запроса: {FIELD}", arg{"FIELD", wrong})
		}})
		return
	}
	if i.OperationUniqueID == "" {
		i.OperationUniqueID = "none-" + newID() // optional in the schema: nothing is deduplicated then
	}
	var names []string
	for _, line := range i.Services {
		names = append(names, line.Name)
	}
	digest := i
	digest.RequestTime = ""
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", digest))
	booked, err := s.books.Post(stage.Subject{
		ID: i.OperationUniqueID, INN: i.INN, Amount: i.TotalAmount, Account: i.INN, Purpose: strings.Join(names, "; "),
		Detail: map[string]string{"income_type": i.IncomeType, "customer_inn": i.CustomerINN, "request_time": i.RequestTime, "operation_time": i.OperationTime},
	}, hex.EncodeToString(sum[:]))
	if err != nil {
		soapFault(w, err.Error(), "")
		return
	}
	person, known := s.people.find(i.INN)
	if refused := deny(person, known, "INCOME_REGISTRATION"); refused != nil && booked.ExecutedCount == 0 {
		s.put(w, &message{answer: func() smz { return *refused }})
		return
	}
	fault := booked.Fault()
	if fault == stage.Reordered && booked.Posts > 1 {
		fault = stage.None // of the first message alone
	}
	first, err := s.act(booked.ID, fault)
	if err != nil {
		soapFault(w, err.Error(), "")
		return
	}
	if s.misbehave(w, r, fault, booked.Rule) {
		return
	}
	rule := booked.Rule
	rule.Fault = fault
	s.put(w, &message{payment: booked.ID, first: first, rule: rule})
}

// act does to the books what the fault lets happen, and waits until it is on disk.
// first says that the message of this send is the one to get the receipt.
func (s *Server) act(id string, fault stage.Fault) (first bool, err error) {
	var p stage.Payment
	switch fault {
	case stage.InProgress, stage.UnknownStatus:
		p, err = s.books.Become(id, stage.Pending)
		first = p.Posts == 1
	case stage.Refuse:
		_, err = s.books.Become(id, stage.Refused)
	case stage.Silent, stage.Error, stage.Lost: // nothing happens
	default:
		_, first, err = s.books.Execute(id)
	}
	if err != nil {
		return false, err
	}
	return first, s.books.Settle()
}

// get answers about a message.
func (s *Server) get(w http.ResponseWriter, id string) {
	s.mu.Lock()
	m := s.messages[id]
	asked := 0
	if m != nil {
		m.asked++
		asked = m.asked
	}
	s.mu.Unlock()
	processing := asked <= s.processing
	switch {
	case m == nil, m.rule.Fault == stage.Reordered && asked <= max(m.rule.Polls, 1): // another one of theirs has not heard of it
		soapFault(w, "По переданному MessageId: "+id+" сообщение не найдено", "MessageNotFoundFault")
	case m.payment != "":
		s.getIncome(w, m, processing)
	case m.rule.Fault == stage.UnknownStatus && m.rule.Code == "":
		s.status200(w, cmp.Or(m.rule.Status, "SUSPENDED"), nil)
	case processing || m.rule.Fault == stage.InProgress && (asked <= m.rule.Polls || s.now().Sub(m.since) < m.rule.Delay()):
		s.status200(w, "PROCESSING", nil)
	default:
		content := m.answer()
		s.status200(w, "COMPLETED", &content)
	}
}

// getIncome answers about a registration.
func (s *Server) getIncome(w http.ResponseWriter, m *message, processing bool) {
	p, _, err := s.books.Poll(m.payment)
	if err == nil {
		err = s.books.Settle()
	}
	var content smz
	state := "COMPLETED"
	unknown := m.rule.Fault == stage.UnknownStatus && p.Status == stage.Pending
	switch {
	case err != nil:
		soapFault(w, err.Error(), "")
		return
	case unknown && m.rule.Code == "":
		s.status200(w, cmp.Or(m.rule.Status, "SUSPENDED"), nil)
		return
	case unknown:
		content = failure(m.rule.Code, m.rule.Message)
	case p.Status == stage.Refused:
		content = failure(cmp.Or(m.rule.Code, "PERMISSION_NOT_GRANTED"), cmp.Or(m.rule.Message, "Партнёру не предоставлены права"))
	case processing || p.Status != stage.Executed && p.Status != stage.Returned: // an annulled receipt was one
		s.status200(w, "PROCESSING", nil)
		return
	case m.first && m.rule.Fault != stage.Duplicate:
		content = smz{"PostIncomeResponseV2", incomeResponse{p.Extra["receipt_id"], p.Extra["link"]}}
	default:
		content = failure("DUPLICATE", "Чек уже зарегистрирован: {RECEIPT_URL}", arg{"RECEIPT_ID", p.Extra["receipt_id"]}, arg{"RECEIPT_URL", p.Extra["link"]})
	}
	s.status200(w, state, &content)
}

// status200 answers with a processing status and, when completed, the content.
func (s *Server) status200(w http.ResponseWriter, state string, content *smz) {
	inside := ""
	if content != nil {
		out, err := leanxml.Marshal("", *content)
		if err != nil {
			soapFault(w, err.Error(), "")
			return
		}
		inside = "<Message>" + string(out) + "</Message>"
	}
	answer(w, http.StatusOK, fmt.Sprintf(`<GetMessageResponse xmlns=%q><ProcessingStatus>%s</ProcessingStatus>%s</GetMessageResponse>`, nsAsync, escape(state), inside))
}

// status answers GetTaxpayerStatus.
func (s *Server) status(inn string) smz {
	person, known := s.people.find(inn)
	if !person.UnregisteredAt.IsZero() {
		return smz{"GetTaxpayerStatusResponse", statusResponse{
			FirstName: person.FirstName, SecondName: person.LastName, Region: "45000000", Phone: person.Phone, RegistrationTime: "2020-07-01T00:00:00.000+03:00",
			UnregistrationTime: person.UnregisteredAt.Format(time.RFC3339), UnregistrationReason: person.Reason,
		}}
	}
	if refused := deny(person, known, ""); refused != nil {
		return *refused
	}
	return smz{"GetTaxpayerStatusResponse", statusResponse{
		FirstName: person.FirstName, SecondName: person.LastName, Region: "45000000", Phone: person.Phone, RegistrationTime: "2020-07-01T00:00:00.000+03:00",
	}}
}

// permissions answers GetGrantedPermissions.
func (s *Server) permissions(inn string) smz {
	person, known := s.people.find(inn)
	if refused := deny(person, known, ""); refused != nil {
		return *refused
	}
	return smz{"GetGrantedPermissionsResponse", permissionsResponse{person.Permissions}}
}

// receipts answers GetIncomeRequestV2.
func (s *Server) receipts(req receiptsRequest) smz {
	person, known := s.people.find(req.INN)
	if refused := deny(person, known, "INCOME_LIST"); refused != nil {
		return *refused
	}
	from, errFrom := time.Parse(time.RFC3339Nano, req.From)
	to, errTo := time.Parse(time.RFC3339Nano, req.To)
	if errFrom != nil || errTo != nil {
		return failure("REQUEST_VALIDATION_ERROR", "Ошибка валидации запроса: {FIELD}", arg{"FIELD", "From, To"})
	}
	var list []receipt
	for _, p := range s.people.incomes(req.INN) {
		at, err := time.Parse(time.RFC3339Nano, p.Detail["operation_time"])
		if err != nil || at.Before(from) || at.After(to) {
			continue
		}
		if err := s.takeBack(p); err != nil {
			return failure("INTERNAL_ERROR", err.Error())
		}
		list = append(list, receipt{
			Link: p.Extra["link"], TotalAmount: p.Amount, ReceiptID: p.Extra["receipt_id"], IncomeType: p.Detail["income_type"],
			RequestTime: p.Detail["request_time"], OperationTime: p.Detail["operation_time"], TaxPeriodID: month(p), TaxToPay: p.Extra["tax_to_pay"],
			Canceled: s.people.canceledAt(p.Extra["receipt_id"]),
		})
	}
	list = list[min(max(req.Offset, 0), len(list)):]
	limit := min(cmp.Or(req.Limit, 100), len(list))
	return smz{"GetIncomeResponseV2", receiptsResponse{HasMore: limit < len(list), Receipts: list[:limit]}}
}

// takeBack annuls a receipt, as its person would, when it has been listed so often.
func (s *Server) takeBack(p stage.Payment) error {
	if p.Rule.Fault != stage.TakenBack {
		return nil
	}
	s.mu.Lock()
	s.listed[p.ID]++
	now := s.listed[p.ID] > p.Rule.Polls
	s.mu.Unlock()
	if !now || s.people.canceledAt(p.Extra["receipt_id"]) != "" {
		return nil
	}
	if err := s.books.Note(Annulment{INN: p.INN, Receipt: p.Extra["receipt_id"], At: s.now().Format(time.RFC3339)}); err != nil {
		return err
	}
	return s.books.Settle()
}

// account answers GetTaxpayerAccountStatus.
func (s *Server) account(inn string) smz {
	person, known := s.people.find(inn)
	if refused := deny(person, known, "PAYMENT_INFORMATION"); refused != nil {
		return *refused
	}
	return smz{"GetTaxpayerAccountStatusResponse", accountResponse{Bonus: money.RUB.Format(s.people.bonusLeft(inn)), Unpaid: "0.00", Debt: "0.00"}}
}

// cancel answers PostCancelReceiptRequestV2.
func (s *Server) cancel(req cancelRequest) smz {
	person, known := s.people.find(req.INN)
	if refused := deny(person, known, "CANCEL_INCOME"); refused != nil {
		return *refused
	}
	if req.Reason != "REFUND" && req.Reason != "REGISTRATION_MISTAKE" {
		return failure("REQUEST_VALIDATION_ERROR", "Ошибка валидации запроса: {FIELD}", arg{"FIELD", "ReasonCode"})
	}
	switch {
	case !s.people.has(req.INN, req.ReceiptID):
		return failure("RECEPT_ID_NOT_FOUND", "Чек {RECEIPT_ID} не найден", arg{"RECEIPT_ID", req.ReceiptID})
	case s.people.canceledAt(req.ReceiptID) != "":
		return failure("ALREADY_DELETED", "Чек {RECEIPT_ID} уже аннулирован", arg{"RECEIPT_ID", req.ReceiptID})
	}
	note := Annulment{INN: req.INN, Receipt: req.ReceiptID, At: s.now().UTC().Format(time.RFC3339)}
	err := s.books.Note(note)
	if err == nil {
		err = s.books.Settle()
	}
	if err != nil {
		return failure("INTERNAL_ERROR", "Внутренняя ошибка")
	}
	return smz{"PostCancelReceiptResponseV2", cancelResponse{"OK"}}
}
