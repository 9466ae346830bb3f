package fns

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/call"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// Options of the adapter. BaseURL, MasterToken and UserToken are required.
type Options struct {
	BaseURL     string // "https://himself-ktr-api.nalog.ru:8090", without a path [H]
	AuthPath    string // "/open-api/AuthService" by default [M]
	ServicePath string // "/ais3/smz/SmzIntegrationService" by default [H]
	MasterToken string // given to the partner by the service
	UserToken   string // header FNS-OpenApi-UserToken
	TLS         *tls.Config
	Transport   http.RoundTripper // replaces the transport; nil in production
	Timeout     time.Duration     // of one exchange; 30 s by default
	PerSecond   int               // exchanges a second; 0 is no limit: theirs is not known ?
	// Polls are the waits before each GetMessage; by default 1, 1, 2, 3 and 5 s,
	// within one a second and twelve a minute for one message [M].
	Polls []time.Duration
	// Memory is how long we trust the service to remember OperationUniqueId. It
	// promises no time ?; by default 30 days.
	Memory time.Duration
	// CanceledInTotal says that TotalAmount of GetIncomeForPeriod counts what was taken back too, so it is
	// taken off. By default it is not: that hides no income, whichever is true ?.
	CanceledInTotal bool
	Now             func() time.Time // clock of tokens and pace; time.Now by default
}

// Adapter asks the tax service. It is safe for concurrent use.
type Adapter struct {
	client client
	memory time.Duration

	canceledInTotal bool
}

var (
	_ port.Income = (*Adapter)(nil)
	_ port.NPD    = (*Adapter)(nil)
)

// New makes the adapter; it makes no call.
func New(o Options) (*Adapter, error) {
	base, err := url.Parse(o.BaseURL)
	switch {
	case err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http":
		return nil, errors.New("fns: BaseURL is not an address of a host")
	case o.MasterToken == "":
		return nil, errors.New("fns: MasterToken is empty")
	case o.UserToken == "":
		return nil, errors.New("fns: UserToken is empty")
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	polls := o.Polls
	if polls == nil {
		polls = []time.Duration{time.Second, time.Second, 2 * time.Second, 3 * time.Second, 5 * time.Second}
	}
	return &Adapter{memory: cmp.Or(o.Memory, 30*24*time.Hour), canceledInTotal: o.CanceledInTotal, client: client{
		authURL:     base.JoinPath(cmp.Or(o.AuthPath, "/open-api/AuthService")).String(),
		serviceURL:  base.JoinPath(cmp.Or(o.ServicePath, "/ais3/smz/SmzIntegrationService")).String(),
		masterToken: o.MasterToken, userToken: o.UserToken, polls: polls, now: now, lock: make(chan struct{}, 1),
		call: call.New(call.Options{Timeout: o.Timeout, PerSecond: o.PerSecond, TLS: o.TLS, Transport: o.Transport, Now: now}),
	}}, nil
}

// Close drops the idle connections.
func (a *Adapter) Close() { a.client.call.Close() }

// Memory is how long we trust the service to remember attempt ids.
func (a *Adapter) Memory() time.Duration { return a.memory }

// Check asks whether the person is on NPD and lets us register income.
func (a *Adapter) Check(ctx context.Context, inn string) port.Answer {
	m, wrong := a.client.ask(ctx, statusRequest{INN: inn})
	switch {
	case wrong != nil:
		return unknown(wrong)
	case m.Error != nil:
		return understand(check, m.Error)
	case m.Status == nil:
		return port.Unclear("COMPLETED without GetTaxpayerStatusResponse")
	}
	if gone, ok := parseTime(m.Status.UnregistrationTime); ok && !gone.After(a.client.now()) {
		words := unregisteredWords
		if m.Status.UnregistrationReason != "" {
			words += ": " + m.Status.UnregistrationReason
		}
		return port.Answer{Result: port.Refused, Status: "TAXPAYER_UNREGISTERED", Code: fault.IncomeDenied, Reason: words}
	}
	m, wrong = a.client.ask(ctx, permissionsRequest{INN: inn})
	switch {
	case wrong != nil:
		return unknown(wrong)
	case m.Error != nil:
		return understand(check, m.Error)
	case m.Permissions == nil:
		return port.Unclear("COMPLETED without GetGrantedPermissionsResponse")
	case !slices.Contains(m.Permissions.Granted, incomeRegistration):
		return port.Answer{Result: port.Refused, Status: "PERMISSION_NOT_GRANTED", Code: fault.IncomeDenied, Reason: noPermissionWords}
	}
	answer := port.Answer{Result: port.Done, Status: completed}
	if slices.Contains(m.Permissions.Granted, paymentInformation) {
		answer.Bonus = a.bonus(ctx, inn)
	}
	return answer
}

// bonus asks what is left of the person's deduction; "" when the service does not say:
// the income may be registered all the same.
func (a *Adapter) bonus(ctx context.Context, inn string) string {
	m, wrong := a.client.ask(ctx, accountRequest{INN: inn})
	if wrong != nil || m.Account == nil {
		return ""
	}
	left, err := money.RUB.Parse(m.Account.Bonus)
	if err != nil || left.Sign() < 0 {
		return ""
	}
	return money.RUB.Format(left)
}

// Annul annuls a receipt: the money came back.
func (a *Adapter) Annul(ctx context.Context, inn, receiptID string) port.Answer {
	m, wrong := a.client.ask(ctx, cancelRequest{INN: inn, ReceiptID: receiptID, Reason: refund})
	switch {
	case wrong != nil:
		return unknown(wrong)
	case m.Error != nil:
		return understand(annul, m.Error)
	case m.Canceled == nil:
		return port.Unclear("COMPLETED without PostCancelReceiptResponseV2")
	}
	return port.Answer{Result: port.Done, Status: completed, Event: receiptID}
}

// Register registers the income under the attempt id and waits for the receipt.
func (a *Adapter) Register(ctx context.Context, r port.IncomeReceipt) port.Answer {
	if refusal := r.Check(); refusal != nil {
		return port.Unsent(refusal)
	}
	m, wrong := a.client.ask(ctx, newIncomeRequest(r))
	var answer port.Answer
	switch {
	case wrong != nil:
		return unknown(wrong)
	case m.Error != nil:
		answer = understand(register, m.Error)
	case m.Income == nil || m.Income.ReceiptID == "":
		return port.Unclear("COMPLETED without a receipt")
	default:
		answer = port.Answer{Result: port.Done, Status: completed, ReceiptID: m.Income.ReceiptID, ReceiptLink: m.Income.Link}
	}
	if answer.Result == port.Done && answer.ReceiptID != "" {
		answer.Tax = a.tax(ctx, r, answer.ReceiptID)
	}
	return answer
}

// receiptsAtOnce and receiptPages bound one list of receipts.
const (
	receiptsAtOnce = 100 // the service's own default [H]
	receiptPages   = 20
)

// tax asks for the tax of a registered receipt: the receipts of the minute around the
// payment. "" when it is not found: the income is registered all the same.
func (a *Adapter) tax(ctx context.Context, r port.IncomeReceipt, receiptID string) string {
	states, _ := a.Receipts(ctx, r.INN, r.PaidAt.Add(-time.Minute), r.PaidAt.Add(time.Minute))
	return states[receiptID].Tax
}

// Receipts lists how the receipts of a person's income in [from, to] stand, by id. Done =
// the list is whole; Refused = the person does not let us see it; else Unknown. What was
// read before that is answered too.
func (a *Adapter) Receipts(ctx context.Context, inn string, from, to time.Time) (map[string]port.ReceiptState, port.Answer) {
	states := map[string]port.ReceiptState{}
	for page := range receiptPages {
		m, wrong := a.client.ask(ctx, receiptsRequest{
			INN: inn, From: from.Format(timeLayout), To: to.Format(timeLayout), Limit: receiptsAtOnce, Offset: page * receiptsAtOnce,
		})
		switch {
		case wrong != nil:
			return states, unknown(wrong)
		case m.Error != nil:
			return states, understand(receipts, m.Error)
		case m.Receipts == nil:
			return states, port.Unclear("COMPLETED without GetIncomeResponseV2")
		}
		for _, found := range m.Receipts.Receipts {
			state := port.ReceiptState{Link: found.Link, Annulled: found.Annulled}
			if tax, err := money.RUB.Parse(found.TaxToPay); err == nil {
				state.Tax = money.RUB.Format(tax)
			}
			states[found.ReceiptID] = state
		}
		if !m.Receipts.HasMore {
			return states, port.Answer{Result: port.Done, Status: completed}
		}
	}
	return states, port.Unclear("more receipts than are read at once")
}

func unknown(u *unclear) port.Answer {
	return port.Answer{Result: port.Unknown, Status: cmp.Or(u.status, "no answer"), Reason: u.words}
}
