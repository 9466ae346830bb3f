package tbank

import (
	"encoding/json"
	"strings"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/money"
)

// Paths of the API, after the host.
const (
	payPath     = "/api/v1/payment/ruble-transfer/pay"
	paymentPath = "/api/v1/payment/" // + id
)

// unknownINN is what a payment order writes for a payee whose INN is not known [M].
const unknownINN = "0"

// payMessage is the body of POST payPath [H]. Optional keys that we have no use
// for (kpp, documentNumber, executionOrder, dueDate, uin, tax, revenueTypeCode, meta) are left out.
type payMessage struct {
	ID      string      `json:"id"`
	From    payer       `json:"from"`
	To      payee       `json:"to"`
	Purpose string      `json:"purpose"`
	Amount  json.Number `json:"amount"` // rubles with two decimals, a JSON number: 100.00
}

type payer struct {
	AccountNumber string `json:"accountNumber"`
}

type payee struct {
	Name          string `json:"name"`
	INN           string `json:"inn"`
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
	return payMessage{
		ID: p.Attempt, From: payer{p.FromAccount}, Purpose: p.Purpose, Amount: json.Number(money.RUB.Format(p.Amount)),
		To: payee{
			Name: p.To.Name, INN: inn, BIK: p.To.BIC, BankName: p.To.BankName,
			CorrAccount: p.To.CorrAccount, AccountNumber: p.To.AccountNumber,
		},
	}
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
