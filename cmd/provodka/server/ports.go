package server

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/provodka/provodka/adapters/fns"
	"github.com/provodka/provodka/adapters/npdstatus"
	"github.com/provodka/provodka/adapters/rustore"
	"github.com/provodka/provodka/adapters/smsru"
	"github.com/provodka/provodka/adapters/smtp"
	"github.com/provodka/provodka/adapters/tbank"
	"github.com/provodka/provodka/api/callback"
	"github.com/provodka/provodka/api/statement"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/push"
	"github.com/provodka/provodka/engine/world"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// publicList is where the tax service tells everybody who is on NPD.
const publicList = "https://statusnpd.nalog.ru"

// ports are what the flows ask of the world, by the names of their tables. A
// process that owns no shards asks nothing.
func (m *Main) ports() (map[string]port.Port, error) {
	if !m.cfg.Engine {
		return nil, nil
	}
	bank, err := m.bank()
	if err != nil {
		return nil, err
	}
	tax, err := fns.New(fns.Options{
		BaseURL: m.cfg.Tax.URL, MasterToken: m.cfg.Tax.MasterToken, UserToken: m.cfg.Tax.UserToken, PerSecond: m.cfg.Tax.PerSecond, Polls: m.cfg.Polls,
		CanceledInTotal: m.cfg.Tax.CanceledInTotal,
	})
	if err != nil {
		return nil, fmt.Errorf("tax: %w", err)
	}
	m.closing = append(m.closing, tax.Close)
	list, err := npdstatus.New(npdstatus.Options{BaseURL: cmp.Or(m.cfg.Tax.StatusURL, publicList), Every: m.cfg.Tax.StatusEvery})
	if err != nil {
		return nil, fmt.Errorf("tax.status_url: %w", err)
	}
	m.closing = append(m.closing, list.Close)
	channels, err := m.channels()
	if err != nil {
		return nil, err
	}
	if err := m.pushing(channels[world.Push]); err != nil {
		return nil, err
	}
	people := m.vault.Resolver()
	submit := func(ctx context.Context, r engine.Request) []engine.Outcome { return m.engine.Submit(ctx, r) }
	again := world.ScheduleOf(m.db.Zone(), m.cfg.ConfirmAfter)
	return map[string]port.Port{
		"payout":    world.ConfirmedPayout(world.FromPayout(bank, people, m.cfg.Own[0].Account, m.db.Zone()), again),
		"income":    world.ConfirmedIncome(world.Watched(world.FromIncome(tax, people), tax, people, submit), tax, people, again),
		"contact":   world.FromContact(submit, m.db),
		"npd":       world.Opening(world.FromNPD(tax, people), submit),
		"feed":      world.FromFeed(tax, people, submit, time.Now),
		"npdstatus": world.FromNPDStatus(list, people, time.Now),
		"taxdoc":    world.FromTaxDocuments(tax, people),
		"private":   world.FromPrivate(m.vault, tax, people),
		"executor":  world.FromExecutor(submit, people),
		"company":   world.FromCompany(submit, people),
		"closing":   world.FromClosing(submit, m.drawer),
		"register":  world.FromRegister(tax, people), "registration": world.FromRegistration(submit), "user": world.FromUser(submit),
		"taxpayer":   world.FromTaxpayer(submit),
		"limit":      world.FromLimit(submit),
		"remittance": world.FromRemittance(submit),
		"signed":     world.FromSigned(submit),
		"payment": world.FromPayment(func(ctx context.Context, attempt string, a *port.Answer) (*journalv1.Effect, bool, error) {
			return m.engine.Told(ctx, attempt, a)
		}, people),
		"signing": world.FromSigning(submit, people),
		"paper":   world.FromPaper(m.press),
		"task":    world.FromTask(submit, people, func() time.Time { return time.Now().In(m.db.Zone()) }, m.house),
		"notify": world.FromNotify(world.NotifyOptions{
			Channels: channels, Read: people, Secrets: m.vault, Site: strings.TrimSuffix(m.cfg.Site, "/"), Now: time.Now,
		}),
	}, nil
}

// bank is the adapter of the bank.
func (m *Main) bank() (*tbank.Adapter, error) {
	bank, err := tbank.New(tbank.Options{
		BaseURL: m.cfg.Bank.URL, Token: m.cfg.Bank.Token, PerSecond: m.cfg.Bank.PerSecond, Polls: m.cfg.Polls, UnknownAccount: m.cfg.Bank.UnknownAccountCodes,
		Limit: m.cfg.Bank.LimitCodes, PeriodLimit: m.cfg.Bank.PeriodLimitCodes, Way: m.cfg.Bank.WayCodes, CardAgreement: m.cfg.Bank.CardAgreement,
	})
	if err != nil {
		return nil, fmt.Errorf("bank: %w", err)
	}
	m.closing = append(m.closing, bank.Close)
	return bank, nil
}

// pulling says which statements are read from the bank; nil when none are.
func (m *Main) pulling() (*statement.Pull, error) {
	if !m.cfg.pulls() {
		return nil, nil
	}
	bank, err := m.bank()
	if err != nil {
		return nil, err
	}
	p := &statement.Pull{Bank: bank, Zone: tbank.Zone(), Book: m.cfg.Bank.StatementBook, Every: time.Duration(m.cfg.Bank.StatementSeconds) * time.Second}
	for _, a := range m.cfg.Own {
		if a.Statement == byBank {
			p.Accounts = append(p.Accounts, statement.Told{Account: a.Account, Since: a.StatementSince})
		}
	}
	return p, nil
}

// pullStatements reads statements from the bank, once every shard has an owner.
func (m *Main) pullStatements(ctx context.Context) {
	select {
	case <-m.engine.Ready():
		m.api.Pull(ctx)
	case <-ctx.Done():
	}
}

// callbacks are the providers that call back, by the names of their paths.
func (m *Main) callbacks() (map[string]callback.Provider, error) {
	bank := m.cfg.Bank
	if len(bank.CallbackSecrets) == 0 {
		return nil, nil
	}
	from, err := networks("bank.callback_from", bank.CallbackFrom)
	if err != nil {
		return nil, err
	}
	reader, err := tbank.NewCallbacks(tbank.CallbackOptions{Secrets: bank.CallbackSecrets, From: from})
	if err != nil {
		return nil, fmt.Errorf("configuration: bank.callback_secrets: %w", err)
	}
	return map[string]callback.Provider{"bank": {Port: "payout", Callbacks: reader}}, nil
}

// channels are the providers of messages that are configured.
func (m *Main) channels() (map[string]port.Notifier, error) {
	out := map[string]port.Notifier{}
	if m.cfg.SMS.URL != "" {
		sms, err := smsru.New(smsru.Options{
			BaseURL: m.cfg.SMS.URL, APIID: m.cfg.SMS.APIID, From: m.cfg.SMS.From, PerSecond: m.cfg.SMS.PerSecond, Polls: m.cfg.Polls,
		})
		if err != nil {
			return nil, fmt.Errorf("sms: %w", err)
		}
		m.closing = append(m.closing, sms.Close)
		out[world.SMS] = sms
	}
	if m.cfg.Mail.Addr != "" {
		mail, err := smtp.New(smtp.Options{
			Addr: m.cfg.Mail.Addr, From: m.cfg.Mail.From, User: m.cfg.Mail.User, Password: m.cfg.Mail.Password, Plain: m.cfg.Mail.Plain,
		})
		if err != nil {
			return nil, fmt.Errorf("mail: %w", err)
		}
		out[world.Mail] = mail
	}
	if m.cfg.Push.URL != "" {
		devices, err := rustore.New(rustore.Options{
			BaseURL: m.cfg.Push.URL, Project: m.cfg.Push.Project, Token: m.cfg.Push.Token,
			TTL: time.Duration(m.cfg.Push.TTLMinutes) * time.Minute, PerSecond: m.cfg.Push.PerSecond,
		})
		if err != nil {
			return nil, fmt.Errorf("push: %w", err)
		}
		m.closing = append(m.closing, devices.Close)
		out[world.Push] = devices
	}
	return out, nil
}

// pushEvery is how often the journal is looked at for what devices are told.
const pushEvery = 500 * time.Millisecond

// pushing tells devices what happens to tasks; without a service nobody is told.
func (m *Main) pushing(service port.Notifier) (err error) {
	if service == nil {
		return nil
	}
	m.pusher, err = push.New(push.Config{
		DB: m.db, Process: m.cfg.Process, Notifier: service, Tokens: m.vault.DeviceTokens, Now: time.Now, Every: pushEvery, Logger: m.log, Tracer: m.tracer, Metrics: m.metrics,
	})
	return err
}
