package dev

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/provodka/provodka/adapters/fns/sandbox"
	npdlist "github.com/provodka/provodka/adapters/npdstatus/sandbox"
	pushes "github.com/provodka/provodka/adapters/rustore/sandbox"
	sms "github.com/provodka/provodka/adapters/smsru/sandbox"
	mail "github.com/provodka/provodka/adapters/smtp/sandbox"
	bank "github.com/provodka/provodka/adapters/tbank/sandbox"
	"github.com/provodka/provodka/api/callback"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/cmd/provodka/server"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/examples/play"
	"github.com/provodka/provodka/ledger/store"
)

// Tokens of the sandboxes: they guard nothing.
const (
	bankToken      = "dev-bank-token"
	callbackSecret = "dev-callback-secret"
	taxToken       = "dev-master-token"
	smsKey         = "dev-sms-key"
	pushToken      = "dev-push-token"
)

// sandboxes starts the bank, the tax service and the providers of messages on loopback.
// Their books lie beside the stack's and outlive it.
func (s *stack) sandboxes(cfg *server.Config) error {
	if err := s.bank(); err != nil {
		return fmt.Errorf("bank sandbox: %w", err)
	}
	people := ""
	if s.Play != "" {
		if path := filepath.Join(s.files, play.People); exists(path) {
			people = path
		}
	}
	t, err := sandbox.New(filepath.Join(s.Dir, "tax"), sandbox.Options{MasterToken: taxToken, PeopleFile: people, Processing: 2, Entities: companies()})
	if err != nil {
		return fmt.Errorf("tax sandbox: %w", err)
	}
	if s.file.Sandboxes["tax"], err = s.mount(t, t.Close); err != nil {
		return err
	}
	if err := s.messages(cfg); err != nil {
		return err
	}
	listed := func(inn string) bool {
		p, known := t.Person(inn)
		return known && p.Registered && p.UnregisteredAt.IsZero()
	}
	l, err := npdlist.New(filepath.Join(s.Dir, "npdstatus"), npdlist.Options{Listed: listed, PerMinute: -1})
	if err != nil {
		return fmt.Errorf("sandbox of the public list: %w", err)
	}
	if s.file.Sandboxes["npdstatus"], err = s.mount(l, l.Close); err != nil {
		return err
	}
	cfg.Bank = server.Bank{
		URL: s.file.Sandboxes["bank"], Token: bankToken, PerSecond: -1, CallbackSecrets: []string{callbackSecret}, CardAgreement: "DEV-1",
		UnknownAccountCodes: []string{play.UnknownAccount}, WayCodes: []string{play.UnservedWay},
	}
	cfg.Tax = server.Tax{
		URL: s.file.Sandboxes["tax"], MasterToken: taxToken, UserToken: "dev-user-token", StatusURL: s.file.Sandboxes["npdstatus"], StatusEvery: time.Millisecond,
	}
	cfg.Polls = []time.Duration{20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond}
	cfg.RequestTimeout = 5 * time.Second
	return nil
}

// bank starts the bank's sandbox, unless one runs elsewhere.
func (s *stack) bank() error {
	s.file.Sandboxes["bank"] = s.Bank
	if s.Bank != "" {
		return nil
	}
	var script stage.Script
	if err := s.readPlay(play.BankScript, &script); err != nil {
		return err
	}
	b, err := bank.New(filepath.Join(s.Dir, "bank"), bank.Options{Token: bankToken, Script: script})
	if err != nil {
		return err
	}
	s.file.Sandboxes["bank"], err = s.mount(b, b.Close)
	return err
}

// webhook tells the bank where to call back, as its API has it.
func (s *stack) webhook(ctx context.Context, api string) error {
	body, err := json.Marshal(map[string]any{
		"hasSignature": false, "authType": "Bearer", "authSecret": callbackSecret, "email": "dev@provodka.example", "url": "http://" + api + callback.Path + "bank",
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.file.Sandboxes["bank"]+"/api/v1/webhook?eventType=payment-status", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+bankToken)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the bank answers %s", answer.Status)
	}
	return nil
}

// companies are those that the state register of the sandbox knows, by the INN of
// requisite.ExampleINN from 1001 on: the fifth has ended, and the others act.
func companies() []sandbox.Entity {
	var list []sandbox.Entity
	for i, name := range []string{"ООО «Ромашка»", "ООО «Василёк»", "АО «Полюс»", "ООО «Север»", "ООО «Закат»"} {
		n := uint64(1001 + i)
		list = append(list, sandbox.Entity{
			INN: requisite.ExampleINN(n), OGRN: requisite.ExampleOGRN(n), Name: name, Address: fmt.Sprintf("г. Москва, ул. Полевая, д. %d", i+1),
		})
	}
	for n := uint64(1006); n < 1038; n++ {
		list = append(list, sandbox.Entity{INN: requisite.ExampleINN(n), OGRN: requisite.ExampleOGRN(n), Name: fmt.Sprintf("ООО «Компания %d»", n), Address: "г. Москва"})
	}
	list[4].TerminationDate = "2025-12-31"
	return list
}

// messages starts a provider of SMS, a mail relay and a service of messages to devices.
// What was sent stands in their books.
func (s *stack) messages(cfg *server.Config) error {
	phones, err := sms.New(filepath.Join(s.Dir, "sms"), sms.Options{APIID: smsKey})
	if err != nil {
		return fmt.Errorf("SMS sandbox: %w", err)
	}
	if s.file.Sandboxes["sms"], err = s.mount(phones, phones.Close); err != nil {
		return err
	}
	devices, err := pushes.New(filepath.Join(s.Dir, "push"), pushes.Options{Token: pushToken})
	if err != nil {
		return fmt.Errorf("push sandbox: %w", err)
	}
	if s.file.Sandboxes["push"], err = s.mount(devices, devices.Close); err != nil {
		return err
	}
	relay, err := mail.New(filepath.Join(s.Dir, "mail"), mail.Options{})
	if err != nil {
		return fmt.Errorf("mail sandbox: %w", err)
	}
	if s.file.Sandboxes["mail"], err = s.mount(relay, relay.Close); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = relay.Serve(l) }() // until it is closed
	cfg.SMS = server.SMS{URL: s.file.Sandboxes["sms"], APIID: smsKey}
	cfg.Push = server.Push{URL: s.file.Sandboxes["push"], Project: "dev-project", Token: pushToken}
	cfg.Mail = server.Mail{Addr: l.Addr().String(), From: "Проводка <no-reply@provodka.example>", Plain: true}
	cfg.Site = "http://" + s.Listen
	cfg.Registration = &server.Registration{Book: Book, Percent: "3.5", Minimum: "30.00", Deposit: "10000.00", AddressCallsAMinute: 600}
	return nil
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// readPlay reads a JSON file of the play; a play need not have it.
func (s *stack) readPlay(name string, into any) error {
	if s.Play == "" {
		return nil
	}
	raw, err := os.ReadFile(filepath.Join(s.files, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(s.files, name), err)
	}
	return nil
}

// mount serves a sandbox on a loopback port and gives its address. The sandbox is
// closed before its server: handlers that keep silent hold the server open.
func (s *stack) mount(h http.Handler, closeSandbox func() error) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = srv.Serve(l) }()
	s.after(func(context.Context) error { return errors.Join(closeSandbox(), srv.Close()) })
	return "http://" + l.Addr().String(), nil
}

// secret is one of the installation, made at the first start.
func (s *stack) secret(name string) ([][]byte, error) {
	text, err := s.remembered(name, func() string {
		var b [32]byte
		if _, err := rand.Read(b[:]); err != nil {
			panic("dev: no randomness: " + err.Error())
		}
		return base64.StdEncoding.EncodeToString(b[:])
	})
	if err != nil {
		return nil, err
	}
	secret, err := base64.StdEncoding.DecodeString(text)
	return [][]byte{secret}, err
}

// apiKey is the key of the stack's only caller, made at the first start; the
// database has its hash alone.
func (s *stack) apiKey(ctx context.Context, dsn string) (string, error) {
	key, err := s.remembered("api_key", func() string {
		text, _, err := gate.MintKey("dev", Book, gate.Roles()...)
		if err != nil {
			panic("dev: mint a key: " + err.Error())
		}
		return text
	})
	if err != nil {
		return "", err
	}
	db, err := store.Open(ctx, dsn, store.Options{Logger: s.Log, MaxConns: 2})
	if err != nil {
		return "", err
	}
	defer db.Close()
	row := gate.KeyRow("dev", Book, key, gate.Roles()...)
	row.Created = time.Now()
	return key, db.PutAPIKey(ctx, row)
}

// checkpointKey is the file of the key that signs checkpoints, made at the first start.
func (s *stack) checkpointKey() (string, error) {
	if s.Key != "" {
		return s.Key, nil
	}
	path := filepath.Join(s.Dir, "checkpoint.key")
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return path, err
	}
	if err := os.Remove(path + server.PublicSuffix); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err // half of a key, of a start that was killed
	}
	return path, server.WriteKey("localhost/provodka", path, nil)
}

// remembered reads a text of DIR, or makes it.
func (s *stack) remembered(name string, make func() string) (string, error) {
	path := filepath.Join(s.Dir, name)
	raw, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(raw)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	text := make()
	return text, writeFile(path, []byte(text+"\n"), 0o600)
}

// writeFile replaces a file in one step.
func writeFile(path string, data []byte, mode os.FileMode) error {
	temp := path + ".new"
	if err := os.WriteFile(temp, data, mode); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// ownAccounts are those of the play, or an invented one.
func (s *stack) ownAccounts() ([]server.Account, error) {
	if s.Play != "" {
		p, err := play.Load(s.files)
		if err != nil {
			return nil, err
		}
		var own []server.Account
		for _, a := range p.Own {
			own = append(own, server.Account{Name: a.Name, Account: a.Account, BIC: a.BIC, Bank: a.Bank, Corr: a.Corr, Holder: a.Holder, INN: a.INN})
		}
		return own, nil
	}
	bic := requisite.ExampleBIC(600)
	return []server.Account{{Name: "settlement", Account: requisite.ExampleAccount("40702", bic, 1), BIC: bic, Bank: "АО «Опорный банк»",
		Corr: requisite.ExampleCorrAccount(bic), Holder: "ООО «Проводка»", INN: requisite.ExampleINN(1)}}, nil
}

// hidePassword prints a DSN for people.
func hidePassword(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return "(hidden)"
	}
	return u.Redacted()
}
