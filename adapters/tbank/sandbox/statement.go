package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/money"
)

// opStatement is what scripts call a question for a statement: a rule strikes all pages of one.
const opStatement = "statement"

// Operations are the words of scripts for what is no payment.
func Operations() []string { return []string{opCallback, opStatement} }

// Incoming is money that comes to an account of ours: what POST /sandbox/incoming takes.
type Incoming struct {
	Account string    `json:"account"` // ours
	Amount  string    `json:"amount"`
	Purpose string    `json:"purpose"`
	Number  string    `json:"number"`
	At      time.Time `json:"at"` // now when zero
	From    Side      `json:"from"`
}

// Side is the other side of an operation, in the bank's words.
type Side struct {
	Account  string `json:"account"`
	INN      string `json:"inn"`
	KPP      string `json:"kpp,omitempty"`
	Name     string `json:"name"`
	BankName string `json:"bankName,omitempty"`
	BIC      string `json:"bicRu,omitempty"`
}

// operation is an operation as the bank tells it [H]; documentNumber is a guess ?.
type operation struct {
	ID       string      `json:"operationId"`
	Date     time.Time   `json:"operationDate"`
	Status   string      `json:"operationStatus"`
	Type     string      `json:"typeOfOperation"`
	Category string      `json:"category"`
	Total    json.Number `json:"operationAmount"`
	Amount   json.Number `json:"accountAmount"`
	Rubles   json.Number `json:"rubleAmount"`
	Purpose  string      `json:"payPurpose"`
	DocDate  string      `json:"docDate"`
	Number   string      `json:"documentNumber,omitempty"`
	Other    Side        `json:"counterParty"`
}

// The bank's words [H].
const (
	credit, debit              = "Credit", "Debit"
	transaction, authorization = "Transaction", "Authorization"
	pageOfBank, maxPageOfBank  = 1000, 5000
)

// moscow is where the bank's days begin.
var moscow = time.FixedZone("MSK", 3*60*60)

func newOperation(id, kind string, at time.Time, amount string, other Side) operation {
	n := json.Number(amount)
	return operation{
		ID: id, Date: at.UTC(), Status: transaction, Type: kind, Category: "transfer", Total: n, Amount: n, Rubles: n,
		DocDate: at.In(moscow).Format(time.DateOnly), Other: other,
	}
}

// receive is POST /sandbox/incoming: it takes an Incoming.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) {
	var in Incoming
	s.books.Order(w, r, &in, func() error {
		amount, err := money.RUB.Parse(in.Amount)
		switch {
		case err != nil || amount.Sign() <= 0:
			return fmt.Errorf("amount %q moves nothing", in.Amount)
		case !account.MatchString(in.Account):
			return errors.New("account: a number of an account")
		}
		if in.At.IsZero() {
			in.At = s.now()
		}
		return s.books.Note(note{Incoming: &in})
	})
}

// note is what the books keep for the bank beside payments: a webhook, or money that came in.
type note struct {
	webhook
	Incoming *Incoming `json:"incoming,omitempty"`
}

// remember takes a note back out of the books.
func (s *Server) remember(raw json.RawMessage) error {
	var n note
	if err := json.Unmarshal(raw, &n); err != nil {
		return err
	}
	if n.URL != "" {
		s.courier.put(n.webhook)
	}
	if n.Incoming != nil {
		s.mu.Lock()
		s.incoming = append(s.incoming, *n.Incoming)
		s.mu.Unlock()
	}
	return nil
}

// operations are all of an account, oldest first: payments that left, those that came back, and
// what came in.
func (s *Server) operations(of string) (list []operation) {
	for _, p := range s.books.Payments() {
		if p.Detail["from"] != of || p.ExecutedCount == 0 {
			continue
		}
		other := Side{Account: p.Account, INN: p.INN, KPP: p.Detail["kpp"], Name: p.Detail["name"], BIC: p.Detail["bic"]}
		if p.Detail["way"] != "" {
			other.Account = "" // a phone and a card's token are no accounts
		}
		left := newOperation("out-"+p.ID, debit, p.ExecutedAt, p.Amount, other)
		left.Purpose = p.Purpose
		list = append(list, left)
		if p.Status == stage.Returned {
			back := newOperation("back-"+p.ID, credit, p.ReturnedAt, p.Amount, other)
			back.Purpose = "Возврат: " + p.Purpose
			list = append(list, back)
		}
	}
	s.mu.Lock()
	for i, in := range s.incoming {
		if in.Account == of {
			o := newOperation(fmt.Sprint("in-", i+1), credit, in.At, in.Amount, in.From)
			o.Purpose, o.Number = in.Purpose, in.Number
			list = append(list, o)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(list, func(a, b operation) int { return cmp.Or(a.Date.Compare(b.Date), strings.Compare(a.ID, b.ID)) })
	return list
}

// question is what GET /api/v1/statement asks.
type question struct {
	account  string
	from, to time.Time
	limit    int
	status   string // All, Authorization, Transaction
	balances bool
	fault    stage.Fault // of the first page, kept in the cursor
	offset   int
}

// ask reads a question, or says what is wrong with it.
func ask(r *http.Request) (q question, wrong string) {
	v := r.URL.Query()
	var badFrom, badTo, badLimit, badCursor error
	q.account, q.status, q.balances, q.limit = v.Get("accountNumber"), cmp.Or(v.Get("operationStatus"), "All"), v.Get("withBalances") == "true", pageOfBank
	q.from, badFrom = time.Parse(time.RFC3339, v.Get("from"))
	q.to, badTo = time.Parse(time.RFC3339, v.Get("to"))
	if text := v.Get("limit"); text != "" {
		q.limit, badLimit = strconv.Atoi(text)
	}
	if text := v.Get("cursor"); text != "" {
		name, offset, _ := strings.Cut(text, ":")
		q.fault = stage.Fault(name)
		q.offset, badCursor = strconv.Atoi(offset)
	}
	switch {
	case !ownAccount.MatchString(q.account):
		return q, "accountNumber: номер счёта"
	case badFrom != nil || badTo != nil || !q.from.Before(q.to):
		return q, "from, to: период"
	case badLimit != nil || q.limit < 1 || q.limit > maxPageOfBank:
		return q, "limit: от 1 до 5000"
	case !slices.Contains([]string{"All", authorization, transaction}, q.status):
		return q, "operationStatus: статус операций"
	case badCursor != nil || q.offset < 0 || q.balances && q.offset > 0:
		return q, "cursor: страница выписки"
	}
	return q, ""
}

// statement is GET /api/v1/statement [H].
func (s *Server) statement(w http.ResponseWriter, r *http.Request) {
	q, wrong := ask(r)
	if wrong != "" {
		refuse(w, http.StatusBadRequest, "INVALID_DATA", wrong)
		return
	}
	if q.offset == 0 {
		rule := s.books.Behave(stage.Subject{Op: opStatement, ID: q.account, Account: q.account})
		switch q.fault = rule.Fault; q.fault {
		case stage.Silent:
			s.books.Hang(r, rule.Delay())
		case stage.Slow:
			s.books.Linger(r, rule.Delay(), false)
		case stage.Error:
			refuse(w, http.StatusInternalServerError, cmp.Or(rule.Code, "INTERNAL_ERROR"), cmp.Or(rule.Message, "Внутренняя ошибка"))
			return
		case stage.Refuse:
			refuse(w, http.StatusForbidden, cmp.Or(rule.Code, "FORBIDDEN"), cmp.Or(rule.Message, "Нет доступа к выписке"))
			return
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(s.answer(q)) // the caller went away: nobody is left to be told
}

// answer is a page of a statement. The fault says whether an operation stands on two pages, the
// newest come first, or all are authorized only.
func (s *Server) answer(q question) map[string]any {
	sums := map[string]money.Amount{}
	list := []operation{}
	for _, o := range s.operations(q.account) {
		if !o.Date.Before(q.to) {
			continue
		}
		if q.fault == stage.UnknownStatus {
			o.Status = authorization // whatever was asked for
		}
		amount, inside := money.MustParse(o.Amount.String()), !o.Date.Before(q.from)
		switch {
		case o.Status != transaction: // moves nothing yet
		case inside:
			sums[o.Type] = sums[o.Type].Add(amount)
		case o.Type == credit:
			sums["begin"] = sums["begin"].Add(amount)
		default:
			sums["begin"] = sums["begin"].Sub(amount)
		}
		if inside && (q.status == "All" || q.status == o.Status || q.fault == stage.UnknownStatus) {
			list = append(list, o)
		}
	}
	if q.fault == stage.Reordered {
		slices.Reverse(list)
	}
	begin := min(q.offset, len(list))
	end := min(begin+q.limit, len(list))
	page, next := map[string]any{"operations": list[begin:end]}, end
	switch {
	case q.fault == stage.Duplicate && q.offset == 0 && end > 1:
		next = end - 1 // the last one, once more
	case q.fault == stage.Duplicate && q.offset == 0 && end == 1:
		page["operations"] = []operation{list[0], list[0]}
	}
	if next < len(list) {
		page["nextCursor"] = fmt.Sprintf("%s:%d", q.fault, next)
	}
	if q.balances {
		rub := func(a money.Amount) json.Number { return json.Number(money.RUB.Format(a)) }
		page["balances"] = map[string]json.Number{
			"balanceBegin": rub(sums["begin"]), "credit": rub(sums[credit]), "debit": rub(sums[debit]), "balanceEnd": rub(sums["begin"].Add(sums[credit]).Sub(sums[debit])),
		}
	}
	return page
}
