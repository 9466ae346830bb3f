package tbank

import (
	"encoding/json"
	"strings"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/money"
)

// Paths of the API, after the host.
const (
	payPath       = "/api/v1/payment/ruble-transfer/pay"
	sbpPath       = "/api/v1/payment/sbp/pay"
	cardPath      = "/api/v1/payment/card-transfer/pay"
	paymentPath   = "/api/v1/payment/" // + id
	statementPath = "/api/v1/statement"
)

// unknownINN is what a payment order writes for a payee whose INN is not known [M].
const unknownINN = "0"

// payMessage is the body of POST payPath [H]. Optional keys that we have no use
// for (documentNumber, executionOrder, dueDate, revenueTypeCode, meta) are left out; kpp, uin
// and tax are there when the payment has them.
type payMessage struct {
	ID      string      `json:"id"`
	From    payer       `json:"from"`
	To      payee       `json:"to"`
	Purpose string      `json:"purpose"`
	Amount  json.Number `json:"amount"` // rubles with two decimals, a JSON number: 100.00
	UIN     string      `json:"uin,omitempty"`
	Tax     *taxBlock   `json:"tax,omitempty"`
}

// taxBlock is what a payment to the budget has beside [H]. thirdParty, which names the
// person for whom another pays, is not sent: its fields are not documented ?.
type taxBlock struct {
	PayerStatus string `json:"payerStatus"`
	KBK         string `json:"kbk"`
	OKTMO       string `json:"oktmo"`
	Evidence    string `json:"evidence"`
	Period      string `json:"period"`
	DocNumber   string `json:"docNumber"`
	DocDate     string `json:"docDate"`
}

type payer struct {
	AccountNumber   string `json:"accountNumber"`
	AgreementNumber string `json:"agreementNumber,omitempty"` // of payouts to cards
}

// personMessage is the body of POST sbpPath [H] and of POST cardPath, whose part of the card is
// not documented ?: {"to":{"cardToken"}} beside the agreement's number is our reading.
type personMessage struct {
	ID      string      `json:"id"`
	From    payer       `json:"from"`
	To      personPayee `json:"to"`
	Purpose string      `json:"purpose"`
	Amount  json.Number `json:"amount"` // as of payMessage
}

// personPayee is a person: by phone and member of SBP, or by a card's token.
type personPayee struct {
	Phone      string `json:"phone,omitempty"` // 7XXXXXXXXXX [M]
	BankID     string `json:"bankId,omitempty"`
	CardToken  string `json:"cardToken,omitempty"`
	LastName   string `json:"lastName,omitempty"`
	FirstName  string `json:"firstName,omitempty"`
	MiddleName string `json:"middleName,omitempty"`
}

// request is where a payment is posted, and what.
func request(p port.Payment, agreement string) (path string, body any) {
	m := personMessage{ID: p.Attempt, From: payer{AccountNumber: p.FromAccount}, Purpose: p.Purpose, Amount: rubles(p)}
	switch p.To.Way() {
	case port.BySBP:
		who := p.To.Person
		m.To = personPayee{
			Phone: strings.TrimPrefix(p.To.SBP.Phone, "+"), BankID: p.To.SBP.BankID,
			LastName: who.LastName, FirstName: who.FirstName, MiddleName: who.SecondName,
		}
		return sbpPath, m
	case port.ByCard:
		m.From.AgreementNumber, m.To.CardToken = agreement, p.To.Card.Token
		return cardPath, m
	case port.ByAccount:
	}
	return payPath, newPayMessage(p)
}

// rubles is a payment's sum as a JSON number, written from the decimal.
func rubles(p port.Payment) json.Number { return json.Number(money.RUB.Format(p.Amount)) }

type payee struct {
	Name          string `json:"name"`
	INN           string `json:"inn"`
	KPP           string `json:"kpp,omitempty"`
	BIK           string `json:"bik"`
	BankName      string `json:"bankName,omitempty"`
	CorrAccount   string `json:"corrAccountNumber,omitempty"`
	AccountNumber string `json:"accountNumber"`
}

func newPayMessage(p port.Payment) payMessage {
	inn := p.To.INN
	if inn == "" {
		inn = unknownINN
	}
	m := payMessage{
		ID: p.Attempt, From: payer{AccountNumber: p.FromAccount}, Purpose: p.Purpose, Amount: rubles(p), UIN: p.UIN,
		To: payee{
			Name: p.To.Name, INN: inn, KPP: p.To.KPP, BIK: p.To.BIC, BankName: p.To.BankName,
			CorrAccount: p.To.CorrAccount, AccountNumber: p.To.AccountNumber,
		},
	}
	if b := p.Budget; b != nil {
		m.Tax = &taxBlock{b.PayerStatus, b.KBK, b.OKTMO, b.Basis, b.Period, b.Number, b.Date}
	}
	return m
}

// statusMessage is the body of GET paymentPath [H].
type statusMessage struct {
	Status       string `json:"status"`
	ErrorMessage string `json:"errorMessage"`
}

// errorMessage is the body of every refusal [H].
type errorMessage struct {
	ErrorID      string          `json:"errorId"`
	ErrorCode    string          `json:"errorCode"`
	ErrorMessage string          `json:"errorMessage"`
	ErrorDetails json.RawMessage `json:"errorDetails"`
}

// parseError reads a refusal; false when the body is not the bank's: a proxy
// answers 400 too.
func parseError(body []byte) (errorMessage, bool) {
	var m errorMessage
	if json.Unmarshal(body, &m) != nil || m.ErrorCode == "" && m.ErrorMessage == "" {
		return errorMessage{}, false
	}
	return m, true
}

// bound limits a foreign word that is kept as a status.
func bound(s string) string {
	const limit = 64
	if len(s) > limit {
		return strings.ToValidUTF8(s[:limit], "")
	}
	return s
}
