package tbank

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/call"
	"github.com/provodka/provodka/ledger/fault"
)

// Options of the adapter. BaseURL and Token are required.
type Options struct {
	BaseURL   string            // "https://secured-openapi.tbank.ru", without the path
	Token     string            // Bearer token of the company
	TLS       *tls.Config       // the client certificate that the secured host asks for
	Transport http.RoundTripper // replaces the transport; nil in production
	Timeout   time.Duration     // of one exchange; 30 s by default
	PerSecond int               // exchanges a second, 10 by default: the limit of the POST [H]; below 0 no limit
	// Polls are the waits before each question about an accepted payment; by
	// default 300 ms, 1 s, 2 s. An empty list that is not nil asks nothing.
	Polls []time.Duration
	// UnknownAccount are the bank's error codes that say that it does not know the payee's
	// account: the payee can mend that, and nobody else. The bank publishes no list of its codes ?,
	// so none is built in; a refusal with another code is one like any.
	UnknownAccount []string
	// Limit and PeriodLimit are those that say that one payment is more than the contract lets pass, and
	// that a day's or a month's limit of it is used up; ? the same way.
	Limit, PeriodLimit []string
	// Way are those that say that the bank does not pay this person by SBP, or to this card: an account
	// takes the money. ? the same way.
	Way []string
	// CardAgreement is the number of the agreement by which cards are paid; "" pays none.
	CardAgreement string
	// Memory is how long we trust the bank to remember ids. It promises no time ?;
	// by default 30 days.
	Memory time.Duration
	Now    func() time.Time // clock of the pace, and of what the bank may still change; time.Now by default
}

// Adapter pays through T-Bank, and reads its statements. It is safe for concurrent use.
type Adapter struct {
	client        client
	polls         []time.Duration
	memory        time.Duration
	codes         map[string]fault.Code // of refusals, by the bank's error codes
	cardAgreement string
	now           func() time.Time
	page          int // operations of a statement that are asked for at once
}

var (
	_ port.Payout     = (*Adapter)(nil)
	_ port.Statements = (*Adapter)(nil)
)

// A page of a statement: so many operations, of up to 4 KB each.
const (
	pageSize = 1000
	maxBytes = pageSize * 4 << 10
)

// New makes the adapter; it makes no call.
func New(o Options) (*Adapter, error) {
	base, err := url.Parse(o.BaseURL)
	switch {
	case err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http":
		return nil, errors.New("tbank: BaseURL is not an address of a host")
	case o.Token == "":
		return nil, errors.New("tbank: Token is empty")
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	polls := o.Polls
	if polls == nil {
		polls = []time.Duration{300 * time.Millisecond, time.Second, 2 * time.Second}
	}
	return &Adapter{
		client: client{
			base: strings.TrimSuffix(o.BaseURL, "/"), token: o.Token,
			call: call.New(call.Options{Timeout: o.Timeout, PerSecond: cmp.Or(o.PerSecond, 10), TLS: o.TLS, Transport: o.Transport, Now: now, MaxBytes: maxBytes}),
		},
		now: now, page: pageSize,
		polls: polls, memory: cmp.Or(o.Memory, 30*24*time.Hour), codes: codes(o), cardAgreement: o.CardAgreement,
	}, nil
}

// Close drops the idle connections.
func (a *Adapter) Close() { a.client.call.Close() }

// Memory is how long we trust the bank to remember attempt ids.
func (a *Adapter) Memory() time.Duration { return a.memory }

// codes are what the configured error codes of the bank mean.
func codes(o Options) map[string]fault.Code {
	all := map[string]fault.Code{}
	for code, words := range map[fault.Code][]string{
		fault.RequisitesInvalid: o.UnknownAccount, fault.PayoutLimit: o.Limit, fault.PayoutLimitPeriod: o.PeriodLimit, fault.PayoutWay: o.Way,
	} {
		for _, w := range words {
			all[w] = code
		}
	}
	return all
}

// Pay sends the payment and asks for its status a few times, within ctx.
func (a *Adapter) Pay(ctx context.Context, p port.Payment) port.Answer {
	if refusal := p.Check(); refusal != nil {
		return port.Unsent(refusal)
	}
	if p.To.Way() == port.ByCard && a.cardAgreement == "" {
		// It is not the message's fault: an earlier send, when there was an agreement, may have paid.
		return a.confirm(ctx, p.Attempt, port.Unsent(fault.Refuse(fault.PayoutWay, "to.card", "no agreement for payouts to cards is configured")))
	}
	path, body := request(p, a.cardAgreement)
	reply, err := a.client.post(ctx, path, body, p.Attempt)
	answer := understand(pay, reply, err)
	switch {
	case accepted(reply, err):
		return a.follow(ctx, p.Attempt)
	case answer.Result == port.Refused:
		if code := a.codes[answer.Status]; code != fault.PayoutWay || p.To.Way() != port.ByAccount { // there is no other way than an account
			answer.Code = cmp.Or(code, answer.Code)
		}
		return a.confirm(ctx, p.Attempt, answer)
	}
	return answer
}

// Payment asks for the state of an attempt.
func (a *Adapter) Payment(ctx context.Context, attempt string) port.Answer {
	answer, _ := a.ask(ctx, attempt)
	return answer
}

func (a *Adapter) ask(ctx context.Context, attempt string) (answer port.Answer, httpStatus int) {
	reply, err := a.client.get(ctx, attempt)
	return understand(status, reply, err), reply.Status
}

// follow asks for the status of an accepted payment until it is final or the waits
// are used up. The bank has the payment: NotFound now is its delay, not an answer.
func (a *Adapter) follow(ctx context.Context, attempt string) port.Answer {
	last := port.Unclear(inProgress)
	for _, wait := range a.polls {
		if call.Wait(ctx, wait) != nil {
			return last
		}
		answer, httpStatus := a.ask(ctx, attempt)
		switch {
		case answer.Result == port.Done || answer.Result == port.Refused:
			return answer
		case httpStatus == http.StatusOK:
			last = answer
		}
	}
	return last
}

// confirm believes a refusal of POST only when the bank does not know the attempt:
// an earlier send of it may have been accepted and its answer lost, and a final
// refusal frees the money to be paid again.
func (a *Adapter) confirm(ctx context.Context, attempt string, refused port.Answer) port.Answer {
	answer, httpStatus := a.ask(ctx, attempt)
	switch {
	case answer.Result == port.NotFound, httpStatus == http.StatusBadRequest, httpStatus == http.StatusUnprocessableEntity:
		return refused
	case httpStatus == http.StatusOK:
		return answer
	}
	return port.Answer{Result: port.Unknown, Status: refused.Status, Reason: refused.Reason}
}
