package tbank

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/call"
	"github.com/provodka/provodka/ledger/money"
)

// Zone is where the bank's days begin.
func Zone() *time.Location { return moscow }

// moscow is three hours ahead of UTC all the year.
var moscow = time.FixedZone("MSK", 3*60*60)

// The hours between which the bank may change what it has told [H]: an operation of the night
// is given when the night is over.
const nightBegins, nightEnds = 22, 3

// maxPages bounds a statement: a cursor that leads nowhere is not followed for ever.
const maxPages = 1000

// pageMessage is the body of GET statementPath [H].
type pageMessage struct {
	Balances   *balancesMessage    `json:"balances"` // on the first page
	Operations *[]operationMessage `json:"operations"`
	NextCursor string              `json:"nextCursor"`
}

// balancesMessage are the bank's own sums over the days asked about [H]; that they are of
// the status Transaction, as the operations that we ask for, is not said ?.
type balancesMessage struct {
	Begin  json.Number `json:"balanceBegin"`
	End    json.Number `json:"balanceEnd"`
	Credit json.Number `json:"credit"`
	Debit  json.Number `json:"debit"`
}

// operationMessage is one operation [H], but for the number and the kind of its document ?.
type operationMessage struct {
	ID       string      `json:"operationId"`
	Date     string      `json:"operationDate"`
	Status   string      `json:"operationStatus"` // Authorization, Transaction
	Type     string      `json:"typeOfOperation"` // Credit, Debit
	Category string      `json:"category"`
	Amount   json.Number `json:"accountAmount"`
	Rubles   json.Number `json:"rubleAmount"`
	Purpose  string      `json:"payPurpose"`
	DocDate  string      `json:"docDate"`
	Number   string      `json:"documentNumber"` // ?
	Kind     string      `json:"vo"`             // kind of operation ?: "01" a payment order, "17" a bank order
	Other    struct {
		Account     string `json:"account"`
		INN         string `json:"inn"`
		KPP         string `json:"kpp"`
		Name        string `json:"name"`
		BankName    string `json:"bankName"`
		BIC         string `json:"bicRu"`
		CorrAccount string `json:"corrAccount"` // ?
	} `json:"counterParty"`
}

// Statement implements port.Statements: it asks for page after page, and gives what they tell
// together when it agrees with the bank's own sums.
func (a *Adapter) Statement(ctx context.Context, account, from, to string) (*port.Statement, error) {
	b, err := newBuilder(account, from, to)
	if err != nil {
		return nil, err
	}
	query := url.Values{
		"accountNumber": {account}, "from": {b.begin.UTC().Format(time.RFC3339)}, "to": {b.end.UTC().Format(time.RFC3339)},
		"limit": {strconv.Itoa(a.page)}, "operationStatus": {transaction}, "withBalances": {"true"},
	}
	for range maxPages {
		reply, err := a.client.statement(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("statement: %w", err)
		}
		page, err := readPage(reply)
		if err == nil {
			err = b.add(page, query.Get("cursor") == "")
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("statement: %w", err)
		case page.NextCursor == "":
			return b.statement(a.now())
		case page.NextCursor == query.Get("cursor"):
			return nil, errors.New("statement: the cursor leads to itself")
		}
		query.Set("cursor", page.NextCursor)
		query.Del("withBalances") // of the first page only [H]
	}
	return nil, fmt.Errorf("statement: more than %d pages", maxPages)
}

// transaction is the status of what is for the books [H].
const transaction = "Transaction"

// readPage reads an answer. Words of the bank are not repeated: they may name people.
func readPage(reply call.Reply) (*pageMessage, error) {
	if reply.Status != http.StatusOK {
		words, _ := parseError(reply.Body)
		return nil, fmt.Errorf("http %d %s", reply.Status, bound(words.ErrorCode))
	}
	page := new(pageMessage)
	d := json.NewDecoder(bytes.NewReader(reply.Body))
	if d.Decode(page) != nil || d.More() || page.Operations == nil {
		return nil, errors.New("the answer is no page of operations")
	}
	return page, nil
}

// builder gathers the pages of a statement.
type builder struct {
	account, from, to string
	begin, end        time.Time
	totals            port.AccountTotals
	seen              map[string]operationMessage
	moved             []moved
	others            int // operations of another status
}

// moved is a movement and the moment of it.
type moved struct {
	port.Movement
	at time.Time
	id string
}

func newBuilder(account, from, to string) (*builder, error) {
	begin, wrong := time.ParseInLocation(time.DateOnly, from, moscow)
	last, wrongTo := time.ParseInLocation(time.DateOnly, to, moscow)
	if wrong != nil || wrongTo != nil || last.Before(begin) {
		return nil, fmt.Errorf("statement: from %q to %q are no days", from, to)
	}
	return &builder{account: account, from: from, to: to, begin: begin, end: last.AddDate(0, 0, 1), seen: map[string]operationMessage{}}, nil
}

// add takes a page. An operation that another page has told is the same one, when it says the
// same; otherwise something moves while it is read, and all is to be read again.
func (b *builder) add(page *pageMessage, first bool) error {
	if first {
		if err := b.balances(page.Balances); err != nil {
			return err
		}
	}
	for _, o := range *page.Operations {
		before, again := b.seen[o.ID]
		switch {
		case o.ID == "":
			return errors.New("an operation has no id")
		case again && before != o:
			return fmt.Errorf("operation %s says two things", bound(o.ID))
		case again:
			continue
		}
		b.seen[o.ID] = o
		if o.Status != transaction {
			b.others++
			continue
		}
		m, err := b.movement(o)
		if err != nil {
			return fmt.Errorf("operation %s: %w", bound(o.ID), err)
		}
		b.moved = append(b.moved, m)
	}
	return nil
}

// balances takes the bank's sums.
func (b *builder) balances(m *balancesMessage) error {
	if m == nil {
		return errors.New("the answer has no balances")
	}
	sums := make([]money.Amount, 4)
	for i, n := range []json.Number{m.Begin, m.Credit, m.Debit, m.End} {
		var err error
		if sums[i], err = money.RUB.Parse(n.String()); err != nil {
			return fmt.Errorf("balances: %w", err)
		}
	}
	if !sums[0].Add(sums[1]).Sub(sums[2]).Equal(sums[3]) {
		return errors.New("the balances do not add up")
	}
	b.totals = port.AccountTotals{Account: b.account, From: b.from, To: b.to, Opening: &sums[0], In: &sums[1], Out: &sums[2], Closing: &sums[3]}
	return nil
}

// movement reads an operation.
func (b *builder) movement(o operationMessage) (moved, error) {
	at, err := time.Parse(time.RFC3339Nano, o.Date)
	if err != nil {
		return moved{}, errors.New("operationDate is no moment")
	}
	amount, err := money.RUB.Parse(o.Amount.String())
	switch {
	case err != nil:
		return moved{}, fmt.Errorf("accountAmount: %w", err)
	case amount.Sign() <= 0:
		return moved{}, errors.New("accountAmount moves nothing")
	case at.Before(b.begin) || !at.Before(b.end):
		return moved{}, errors.New("operationDate is not among the days asked about")
	case o.Type != "Credit" && o.Type != "Debit":
		return moved{}, fmt.Errorf("typeOfOperation %q", bound(o.Type))
	}
	if rubles, err := money.RUB.Parse(cmp.Or(o.Rubles, o.Amount).String()); err != nil || !rubles.Equal(amount) {
		return moved{}, errors.New("rubleAmount is not accountAmount: the account is not one of rubles")
	}
	m := port.Movement{
		Account: b.account, Out: o.Type == "Debit", Amount: amount, Day: at.In(moscow).Format(time.DateOnly),
		Counterparty: port.Party{
			Name: o.Other.Name, INN: o.Other.INN, KPP: o.Other.KPP, Account: o.Other.Account, BIC: o.Other.BIC, Bank: o.Other.BankName, CorrAccount: o.Other.CorrAccount,
		},
		BankOrder: o.Kind == "17", Number: o.Number, Kind: o.Category, Purpose: o.Purpose, Operation: o.ID,
	}
	if m.DocumentDay, err = documentDay(o.DocDate, m.Day); err != nil {
		return moved{}, err
	}
	return moved{Movement: m, at: at, id: o.ID}, nil
}

// documentDay is the day of a document, as a day or as a moment ?; without one it is the
// operation's.
func documentDay(text, otherwise string) (string, error) {
	if text == "" {
		return otherwise, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		text = at.In(moscow).Format(time.DateOnly)
	}
	if err := port.CheckDay(text); err != nil {
		return "", fmt.Errorf("docDate: %w", err)
	}
	return text, nil
}

// statement is what was gathered, in the order of the bank's clock, when it agrees with the sums.
func (b *builder) statement(now time.Time) (*port.Statement, error) {
	in, out, night := money.Zero, money.Zero, 0
	s := &port.Statement{Accounts: []port.AccountTotals{b.totals}}
	slices.SortFunc(b.moved, func(x, y moved) int { return cmp.Or(x.at.Compare(y.at), strings.Compare(x.id, y.id)) })
	twins := map[string]int{}
	for _, m := range b.moved {
		if m.Out {
			out = out.Add(m.Amount)
		} else {
			in = in.Add(m.Amount)
		}
		if now.Before(settled(m.at)) {
			night++
			continue
		}
		m.Key = key(m.Movement)
		if twins[m.Key]++; twins[m.Key] > 1 {
			m.Key = fmt.Sprintf("%s-%d", m.Key, twins[m.Key])
		}
		s.Movements = append(s.Movements, m.Movement)
	}
	if !in.Equal(*b.totals.In) || !out.Equal(*b.totals.Out) {
		return nil, fmt.Errorf("statement: the operations bring in %s and take out %s, the balances say %s and %s",
			money.RUB.Format(in), money.RUB.Format(out), money.RUB.Format(*b.totals.In), money.RUB.Format(*b.totals.Out))
	}
	if s.Pending = night; night > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("%d operations of the night are left until 03:00", night))
	}
	if b.others > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("%d operations are not of the status %s", b.others, transaction))
	}
	return s, nil
}

// settled is when an operation of this moment does not change any more.
func settled(at time.Time) time.Time {
	local := at.In(moscow)
	morning := time.Date(local.Year(), local.Month(), local.Day(), nightEnds, 0, 0, 0, moscow)
	switch {
	case local.Hour() >= nightBegins:
		return morning.AddDate(0, 0, 1)
	case local.Hour() < nightEnds:
		return morning
	}
	return at
}

// key names a movement by its requisites: the bank's ids may change [H].
func key(m port.Movement) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%q %t %q %q %q %q %q", m.Account, m.Out, m.Day, m.Number, money.RUB.Format(m.Amount), m.Counterparty.Account, m.Purpose))
	return hex.EncodeToString(h[:16])
}
