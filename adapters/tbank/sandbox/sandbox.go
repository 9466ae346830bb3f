package sandbox

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/money"
)

// Options of the sandbox; all have defaults.
type Options struct {
	Token  string           // the Bearer token that is let in; "" lets any token in
	Script stage.Script     // played from the start, unless the books remember another
	Now    func() time.Time // time.Now by default
	// Retries are the waits between the tries of a callback; far shorter than the bank's by default.
	Retries []time.Duration
}

// Server is the bank. It is an http.Handler; mount it at the root of a loopback port.
type Server struct {
	books   *stage.Books
	courier *courier
	token   string
	mux     *http.ServeMux
	now     func() time.Time

	mu       sync.Mutex
	incoming []Incoming
}

// played are the faults that make sense at this bank.
var played = []stage.Fault{
	stage.Slow, stage.Silent, stage.SilentApplied, stage.Error, stage.ErrorApplied, stage.InProgress,
	stage.UnknownStatus, stage.Refuse, stage.RefuseSecond, stage.Fail, stage.TakenBack, stage.Duplicate, stage.Reordered, stage.Early,
}

// opCallback is what scripts call the bank's callbacks: Silent ones are never made.
const opCallback = "callback"

// Faults are those that the bank plays.
func Faults() []stage.Fault { return slices.Clone(played) }

// New opens the books in dir, or begins them.
func New(dir string, o Options) (*Server, error) {
	now := o.Now
	if now == nil {
		now = time.Now
	}
	c := &courier{http: &http.Client{}, retries: o.Retries}
	if c.retries == nil {
		c.retries = defaultRetries
	}
	s := &Server{courier: c, token: o.Token, mux: http.NewServeMux(), now: now}
	books, err := stage.Open(dir, stage.Options{Script: o.Script, Supported: played, Now: now, OnNote: s.remember, Changed: s.changed})
	if err != nil {
		return nil, fmt.Errorf("tbank sandbox: %w", err)
	}
	s.books, c.books = books, books
	for _, w := range ways {
		s.mux.HandleFunc("POST /api/v1/payment/"+string(w)+"/pay", s.authorized(s.pay(w)))
	}
	s.mux.HandleFunc("GET /api/v1/payment/{id}", s.authorized(s.status))
	s.mux.HandleFunc("POST /api/v1/webhook", s.authorized(s.addWebhook))
	s.mux.HandleFunc("GET /api/v1/statement", s.authorized(s.statement))
	s.mux.HandleFunc("POST /sandbox/incoming", s.receive)
	books.Routes(s.mux)
	return s, nil
}

// Close ends silences and callbacks, and closes the books.
func (s *Server) Close() error {
	s.courier.shut()
	err := s.books.Close()
	s.courier.calls.Wait()
	return err
}

// Books are the bank's own books.
func (s *Server) Books() *stage.Books { return s.books }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Server) authorized(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !bearer || token == "" || s.token != "" && token != s.token {
			refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "Ошибка аутентификации")
			return
		}
		next(w, r)
	}
}

// payment is the request as this side reads it. Unknown keys are let through, as
// the bank lets them.
type payment struct {
	ID   string `json:"id"`
	From struct {
		AccountNumber   string `json:"accountNumber"`
		AgreementNumber string `json:"agreementNumber"`
	} `json:"from"`
	To struct {
		person
		Name              string `json:"name"`
		INN               string `json:"inn"`
		KPP               string `json:"kpp"`
		BIK               string `json:"bik"`
		CorrAccountNumber string `json:"corrAccountNumber"`
		AccountNumber     string `json:"accountNumber"`
	} `json:"to"`
	Purpose string          `json:"purpose"`
	Amount  json.RawMessage `json:"amount"` // as it was written: a string is not a number, a float is not a decimal
	UIN     string          `json:"uin"`
	Tax     *tax            `json:"tax"`
}

// tax is what the bank wants to know of a payment to the budget.
type tax struct {
	PayerStatus string `json:"payerStatus"`
	KBK         string `json:"kbk"`
	OKTMO       string `json:"oktmo"`
	Evidence    string `json:"evidence"`
	Period      string `json:"period"`
	DocNumber   string `json:"docNumber"`
	DocDate     string `json:"docDate"`
}

var (
	ownAccount = regexp.MustCompile(`^(\d{20}|\d{22})$`)
	account    = regexp.MustCompile(`^\d{20}$`)
	bik        = regexp.MustCompile(`^\d{9}$`)
	inn        = regexp.MustCompile(`^(0|\d{10}|\d{12})$`)
	kpp        = regexp.MustCompile(`^\d{4}[0-9A-Z]{2}\d{3}$`)
	uin        = regexp.MustCompile(`^(0|[0-9A-Z]{20}|[0-9A-Z]{25})$`)
	status101  = regexp.MustCompile(`^\d{2}$`)
	kbk        = regexp.MustCompile(`^\d{20}$`)
	oktmo      = regexp.MustCompile(`^(0|\d{8}|\d{11})$`)
	filled     = regexp.MustCompile(`^\S{1,25}$`)
)

// budget is the beginning of accounts that only taxes are paid to.
const budget = "03100"

// invalid says what the bank would not take, "" when nothing.
func (p payment) invalid(by way) string {
	amount, err := money.RUB.Parse(string(p.Amount))
	switch {
	case p.ID == "" || utf8.RuneCountInString(p.ID) > 64:
		return "id: от 1 до 64 символов"
	case !ownAccount.MatchString(p.From.AccountNumber):
		return "from.accountNumber: номер счёта"
	case p.Purpose == "" || utf8.RuneCountInString(p.Purpose) > port.MaxPurpose:
		return "purpose: от 1 до 210 символов"
	case err != nil || amount.Sign() <= 0:
		return "amount: положительная сумма, не более двух знаков после точки"
	case by != toAccount:
		return p.wrongPerson(by, amount)
	case strings.TrimSpace(p.To.Name) == "":
		return "to.name: обязательное поле"
	case !inn.MatchString(p.To.INN):
		return "to.inn: ИНН"
	case !bik.MatchString(p.To.BIK):
		return "to.bik: БИК"
	case !account.MatchString(p.To.AccountNumber):
		return "to.accountNumber: номер счёта"
	case p.To.CorrAccountNumber != "" && !account.MatchString(p.To.CorrAccountNumber):
		return "to.corrAccountNumber: номер счёта"
	case p.To.KPP != "" && !kpp.MatchString(p.To.KPP):
		return "to.kpp: КПП"
	case p.UIN != "" && !uin.MatchString(p.UIN):
		return "uin: УИН"
	case p.Tax == nil && strings.HasPrefix(p.To.AccountNumber, budget):
		return "tax: обязательный блок платежа в бюджет"
	case p.Tax != nil:
		return p.Tax.invalid(p.To.KPP)
	}
	return ""
}

// invalid says what the bank would not take of a payment to the budget.
func (t tax) invalid(payeeKPP string) string {
	switch {
	case payeeKPP == "":
		return "to.kpp: обязательное поле платежа в бюджет"
	case !status101.MatchString(t.PayerStatus):
		return "tax.payerStatus: статус плательщика"
	case !kbk.MatchString(t.KBK):
		return "tax.kbk: КБК"
	case !oktmo.MatchString(t.OKTMO):
		return "tax.oktmo: ОКТМО"
	case !filled.MatchString(t.Evidence), !filled.MatchString(t.Period), !filled.MatchString(t.DocNumber), !filled.MatchString(t.DocDate):
		return "tax: основание, период, номер и дата документа или 0"
	}
	return ""
}

// detail is what the books keep beside.
func (p payment) detail(by way) map[string]string {
	d := map[string]string{"from": p.From.AccountNumber, "name": p.To.Name, "bic": p.To.BIK}
	if by != toAccount {
		d["way"], d["bank"], d["agreement"] = string(by), p.To.BankID, p.From.AgreementNumber
		d["name"] = strings.Join([]string{p.To.LastName, p.To.FirstName, p.To.MiddleName}, " ")
	}
	for name, value := range map[string]string{"kpp": p.To.KPP, "uin": p.UIN} {
		if value != "" {
			d[name] = value
		}
	}
	if t := p.Tax; t != nil {
		d["payer_status"], d["kbk"], d["oktmo"] = t.PayerStatus, t.KBK, t.OKTMO
		d["basis"], d["period"], d["number"], d["date"] = t.Evidence, t.Period, t.DocNumber, t.DocDate
	}
	return d
}

// read reads and checks a request.
func read(r *http.Request, by way) (p payment, digest string, wrong string) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, 1<<20))
	if err != nil {
		return p, "", "тело запроса не прочитано"
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return p, "", "тело запроса не JSON"
	}
	sum := sha256.Sum256(append([]byte(by), body...))
	return p, hex.EncodeToString(sum[:]), p.invalid(by)
}

func (s *Server) pay(by way) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { s.payBy(by, w, r) }
}

func (s *Server) payBy(by way, w http.ResponseWriter, r *http.Request) {
	p, digest, wrong := read(r, by)
	if wrong != "" {
		refuse(w, http.StatusBadRequest, "INVALID_DATA", wrong)
		return
	}
	booked, err := s.books.Post(stage.Subject{
		ID: p.ID, INN: p.To.INN, Amount: string(p.Amount), Account: p.target(by), Purpose: p.Purpose, Detail: p.detail(by),
	}, digest)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "INTERNAL_ERROR", err.Error())
		return
	}
	fault, rule := booked.Fault(), booked.Rule
	if err := s.act(p.ID, fault); err != nil {
		refuse(w, http.StatusInternalServerError, "INTERNAL_ERROR", err.Error())
		return
	}
	switch fault {
	case stage.Early:
		<-s.courier.tell(booked.Subject, words[stage.Executed])
		w.WriteHeader(http.StatusCreated)
	case stage.Silent, stage.SilentApplied:
		s.books.Hang(r, rule.Delay())
	case stage.Error, stage.ErrorApplied:
		refuse(w, http.StatusInternalServerError, cmp.Or(rule.Code, "INTERNAL_ERROR"), cmp.Or(rule.Message, "Внутренняя ошибка"))
	case stage.RefuseSecond:
		if booked.Posts == 1 {
			s.books.Hang(r, time.Millisecond)
		}
		refuse(w, http.StatusUnprocessableEntity, cmp.Or(rule.Code, "PAYMENT_REFUSED"), cmp.Or(rule.Message, "Превышен лимит"))
	case stage.Refuse:
		refuse(w, http.StatusUnprocessableEntity, cmp.Or(rule.Code, "PAYMENT_REFUSED"), cmp.Or(rule.Message, "Недостаточно средств на счёте"))
	case stage.Slow:
		s.books.Linger(r, rule.Delay(), false)
		w.WriteHeader(http.StatusCreated)
	default:
		w.WriteHeader(http.StatusCreated)
	}
}

// act does to the books what the fault lets happen, and waits until it is on disk.
func (s *Server) act(id string, fault stage.Fault) (err error) {
	switch fault {
	case stage.Silent, stage.Error: // nothing happens
	case stage.InProgress, stage.UnknownStatus:
		_, err = s.books.Become(id, stage.Pending)
	case stage.Refuse:
		_, err = s.books.Become(id, stage.Refused)
	case stage.Fail:
		_, err = s.books.Become(id, stage.Failed)
	default:
		_, _, err = s.books.Execute(id)
	}
	if err != nil {
		return err
	}
	return s.books.Settle()
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	p, known, err := s.books.Poll(r.PathValue("id"))
	if err == nil {
		err = s.books.Settle()
	}
	switch {
	case err != nil:
		refuse(w, http.StatusInternalServerError, "INTERNAL_ERROR", err.Error())
		return
	case !known || p.Status == stage.Unseen || p.Status == stage.Refused:
		refuse(w, http.StatusNotFound, "NOT_FOUND", "Платёж не найден")
		return
	}
	answer := map[string]string{"status": words[p.Status]}
	switch {
	case p.Status == stage.Pending && p.Rule.Fault == stage.UnknownStatus:
		answer["status"] = cmp.Or(p.Rule.Status, "SUSPENDED")
	case p.Status == stage.Executed && p.Rule.Fault == stage.Reordered && p.Gets > 1 && p.Gets <= 1+max(p.Rule.Polls, 1):
		answer["status"] = words[stage.Pending] // of somebody who has not heard it yet
	case p.Status == stage.Failed || p.Status == stage.Returned:
		answer["status"] = cmp.Or(p.Rule.Status, words[p.Status])
		answer["errorMessage"] = cmp.Or(p.Rule.Message, "Счёт получателя закрыт")
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(answer) // the caller went away: nobody is left to be told
}

// words are the bank's statuses [H].
var words = map[stage.State]string{
	stage.Pending: "IN_PROGRESS", stage.Executed: "EXECUTED", stage.Failed: "FAILED", stage.Returned: "FAILED",
}

// refuse answers with the bank's error document.
func refuse(w http.ResponseWriter, code int, errorCode, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	sum := sha256.Sum256([]byte(errorCode + message))
	_ = json.NewEncoder(w).Encode(map[string]any{ // the caller went away: nobody is left to be told
		"errorId": hex.EncodeToString(sum[:8]), "errorCode": errorCode, "errorMessage": message, "errorDetails": map[string]string{},
	})
}
