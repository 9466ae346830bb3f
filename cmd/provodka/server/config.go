package server

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/flow/limit"
)

// Config is everything a server process is told. Serve reads it from a file and
// the environment; dev and the tests fill it in.
type Config struct {
	// DSN of PostgreSQL or CockroachDB; PROVODKA_DSN wins over the file.
	DSN string `json:"dsn"`
	// Brokers of Kafka, host:port; PROVODKA_BROKERS (comma-separated) wins.
	Brokers []string `json:"brokers"`
	// Prefix of the topics' names; "provodka" when empty.
	Prefix string `json:"topic_prefix"`
	// Shards is the number of partitions, fixed for the life of an installation.
	Shards int `json:"shards"`
	// Listen is the address of the API, MetricsListen that of the metrics.
	Listen        string `json:"listen"`
	MetricsListen string `json:"metrics_listen"`
	TLS           TLS    `json:"tls"`
	// API, Engine and Auditor are the roles of the process; at least one.
	API     bool `json:"api"`
	Engine  bool `json:"engine"`
	Auditor bool `json:"auditor"`
	// Traces is the address of an OTLP collector (http://host:4318); "" keeps no traces.
	// OTEL_EXPORTER_OTLP_ENDPOINT wins. OTEL_TRACES_SAMPLER and the exporter's other
	// OTEL_ variables are heeded.
	Traces string `json:"traces"`
	// Process is the process's name, unique among the living; the host and pid when empty.
	Process string `json:"process"`
	// SecretFiles hold the secrets of the keyed hashes of private data, base64, newest
	// first; PROVODKA_SECRET (base64) is put before them.
	SecretFiles []string `json:"secret_files"`
	// InstallationKeyFiles hold the keys that wrap the keys of private data, 32 bytes in
	// base64, newest first; PROVODKA_INSTALLATION_KEY (base64) is put before them. To
	// replace one, put the new one first and keep the old one until a server has said in
	// its log that the private data is in order.
	InstallationKeyFiles []string `json:"installation_key_files"`
	// CheckpointKey is the file of the key that signs checkpoints of the journal; the
	// verifier keys stand beside it. None: the journal is not sealed. CheckpointDir gets
	// the newest checkpoint of each shard, CheckpointSeconds says how often (10 when 0).
	CheckpointKey     string `json:"checkpoint_key"`
	CheckpointDir     string `json:"checkpoint_dir"`
	CheckpointSeconds int    `json:"checkpoint_seconds"`

	// PostbackPrivate lets postbacks go over plain HTTP and into our own networks: for
	// development, never where anybody else may subscribe.
	PostbackPrivate bool `json:"postback_private"`

	Bank Bank `json:"bank"`
	Tax  Tax  `json:"tax"`
	// SMS and Mail tell people things. Without one of them its messages are refused
	// (channel_missing), and everything else works.
	SMS  SMS  `json:"sms"`
	Mail Mail `json:"mail"`
	// Closing is what companies' monthly documents say; the operator is the holder of the
	// first own account.
	Closing Closing `json:"closing"`
	// Push tells executors' devices what happens to their tasks. Without it nobody is told.
	Push Push `json:"push"`
	// Registration lets strangers become companies of a book. Without it nobody registers.
	Registration *Registration `json:"registration"`
	// Proxies may say, in X-Forwarded-For, where a call comes from: networks of ours.
	Proxies []string `json:"trusted_proxies"`
	// SessionIdleMinutes and SessionDays are how long a person's session lives unused (12
	// hours when 0) and at all (7 days when 0).
	SessionIdleMinutes int `json:"session_idle_minutes"`
	SessionDays        int `json:"session_days"`
	// Site is the address of our pages, which links in messages lead to.
	Site string `json:"site"`
	// Own are our settlement accounts; payments leave from the first.
	Own []Account `json:"own_accounts"`

	// Secrets are the secrets themselves: for dev and tests.
	Secrets [][]byte `json:"-"`
	// InstallationKeys are the keys themselves: for dev and tests.
	InstallationKeys [][]byte `json:"-"`
	// LeaseTTL, RequestTimeout: see engine.Config; for tests.
	LeaseTTL       time.Duration `json:"-"`
	RequestTimeout time.Duration `json:"-"`
	// Polls are the adapters' waits before each question about what they sent.
	Polls []time.Duration `json:"-"`
	// ConfirmAfter takes the place of the pauses after which final answers are asked about
	// again: for tests, which cannot wait for days.
	ConfirmAfter []time.Duration `json:"-"`
}

// TLS names the certificate of the listeners; both or none.
type TLS struct {
	CertFile string `json:"cert_file"`
	KeyFile  string `json:"key_file"`
}

// Bank is the partner that moves rubles.
type Bank struct {
	URL       string `json:"url"`
	Token     string `json:"token"`
	PerSecond int    `json:"per_second"` // calls a second; 0 the bank's own limit, below 0 none
	// CallbackSecrets are what the bank shows when it calls back to /callbacks/bank (its
	// webhook payment-status), newest first; PROVODKA_BANK_CALLBACK_SECRET is put before them.
	// None: nobody calls back, and everything works, later.
	CallbackSecrets []string `json:"callback_secrets"`
	// CallbackFrom are the networks that it calls from; none is any.
	CallbackFrom []string `json:"callback_from"`
	// UnknownAccountCodes are the bank's error codes that say that it does not know the payee's
	// account (requisites_invalid, the executor acts); a refusal with another is payout_refused.
	UnknownAccountCodes []string `json:"unknown_account_codes"`
	// StatementSeconds is how often a process with the API reads the statements of own accounts
	// that say "bank"; 0 only when PullStatement asks. Their lines go into StatementBook.
	StatementSeconds int    `json:"statement_seconds"`
	StatementBook    string `json:"statement_book"`
	// LimitCodes are its error codes that say that one payment is more than its contract lets pass
	// (payout_limit), PeriodLimitCodes those that say that the day's or the month's is used up
	// (payout_limit_period: gone on with on the next day); a refusal with another is payout_refused.
	LimitCodes       []string `json:"limit_codes"`
	PeriodLimitCodes []string `json:"period_limit_codes"`
	// WayCodes are its error codes that say that it does not pay this person by SBP, or to this card
	// (payout_way, the executor gives an account); of a payment to an account they are payout_refused.
	WayCodes []string `json:"way_codes"`
	// Limits are what the house's contract with the bank lets pass, checked before it is asked. A row
	// takes the place of the program's of the same way and scope (engine/flow/limit/limit.md).
	Limits []Limit `json:"limits"`
	// CardAgreement is the number of the agreement by which cards are paid; without it a payment
	// to a card is refused (payout_way, the executor gives an account).
	CardAgreement string `json:"card_agreement"`
}

// Limit is a dated limit of payments to persons.
type Limit struct {
	From  string `json:"from"`  // first day, YYYY-MM-DD
	To    string `json:"to"`    // last day; "" is for ever
	Way   string `json:"way"`   // account, sbp, card or any
	Scope string `json:"scope"` // payment, counterparty day, counterparty month, company day or company month
	Least string `json:"least"` // rubles, of a payment; "" is none
	Most  string `json:"most"`  // rubles; "" is any sum
	Count string `json:"count"` // payments of a day or a month; "" is any number
}

// House are the limits of the contract with the bank.
func (b *Bank) House() (limit.House, error) {
	var house limit.House
	for i, l := range b.Limits {
		row, err := limit.NewRow(l.From, l.To, l.Way, l.Scope, l.Least, l.Most, l.Count)
		if err != nil {
			return nil, fmt.Errorf("configuration: bank.limits[%d]: %w", i, err)
		}
		house = append(house, row)
	}
	if err := limit.Distinct(house); err != nil {
		return nil, fmt.Errorf("configuration: bank.limits: %w", err)
	}
	return house, nil
}

// How the statements of an account of ours come.
const (
	byFile = "file" // a person uploads what the bank gives out
	byBank = "bank" // the bank is asked
)

// Tax is the tax service's open platform.
type Tax struct {
	URL         string `json:"url"`
	MasterToken string `json:"master_token"`
	UserToken   string `json:"user_token"`
	// PerSecond bounds the exchanges with the service; 0 is no bound. A person's year is a question of two exchanges at least for
	// each month once a month, within one request's 10 s: below 3 a second that of December is never heard.
	PerSecond int `json:"per_second"`
	// CanceledInTotal says that the month's income which the service tells (TotalAmount of GetIncomeForPeriod) counts
	// what was taken back too. It does not say so; false hides no income, whichever is true.
	CanceledInTotal bool `json:"canceled_in_total"`
	// StatusURL is the public list of people on NPD; empty is the service's own.
	StatusURL string `json:"status_url"`
	// StatusEvery is between two questions to it; 0 is 31 s. For tests.
	StatusEvery time.Duration `json:"-"`
}

// SMS is the provider of SMS, sms.ru.
type SMS struct {
	URL       string `json:"url"` // https://sms.ru; "" sends none
	APIID     string `json:"api_id"`
	From      string `json:"from"`       // sender's name as agreed with the provider
	PerSecond int    `json:"per_second"` // messages a second; 0 is no limit
}

// Push is the service of messages to devices, RuStore.
type Push struct {
	URL        string `json:"url"` // https://vkpns.rustore.ru; "" sends none
	Project    string `json:"project"`
	Token      string `json:"token"`       // the project's service token
	TTLMinutes int    `json:"ttl_minutes"` // how long a message waits for a device that is off; 60 when 0
	PerSecond  int    `json:"per_second"`  // messages a second; 0 is no limit
}

// Mail is the relay that takes our mail.
type Mail struct {
	Addr     string `json:"addr"` // host:port; "" sends none
	From     string `json:"from"` // Проводка <no-reply@example.ru>
	User     string `json:"user"`
	Password string `json:"password"`
	Plain    bool   `json:"plain"` // lets mail go without TLS: for a sandbox on loopback
}

// Closing is what the monthly act says of VAT.
type Closing struct {
	// VATPercent is the rate that is part of the platform's charge: "22"; "" when none is.
	VATPercent string `json:"vat_percent"`
	// VATWords stand below an act without a rate: "НДС не облагается (п. 2 ст. 346.11 НК РФ)."
	// With neither the act says nothing of VAT.
	VATWords string `json:"vat_words"`
}

// Registration is what strangers are offered.
type Registration struct {
	Book    string `json:"book"`
	Percent string `json:"tariff_percent"` // of each operation: "3.5"
	Minimum string `json:"tariff_minimum"` // rubles; "" is none
	// Kinds are the kinds of employment that are charged otherwise.
	Kinds   []KindCharge `json:"tariff_kinds"`
	Deposit string       `json:"deposit"` // security deposit, rubles; "" is none
	// Limits; 0 is the default of each (api.Registration).
	PhoneStartsADay      int `json:"phone_starts_a_day"`
	AddressStartsAnHour  int `json:"address_starts_an_hour"`
	AddressCallsAMinute  int `json:"address_calls_a_minute"`
	OverallStartsAMinute int `json:"overall_starts_a_minute"`
	OverallCallsASecond  int `json:"overall_calls_a_second"`
}

// KindCharge is what a task of one kind of employment is charged.
type KindCharge struct {
	Kind    string `json:"employment_kind"` // "selfemployed", "civil_contract" or "entrepreneur"
	Percent string `json:"percent"`         // "3.5"; "" is 0
	Minimum string `json:"minimum"`         // rubles; "" is none
}

// Account is a settlement account of ours.
type Account struct {
	Name    string `json:"name"` // in the books: "settlement" of bank:settlement
	Account string `json:"account"`
	BIC     string `json:"bic"`
	Bank    string `json:"bank"`
	Corr    string `json:"corr_account"`
	Holder  string `json:"holder"`
	INN     string `json:"inn"`
	KPP     string `json:"kpp"`
	// Statement is how its statements come: "file" (so when empty) or "bank", one of them: a
	// movement that both tell would be booked twice. The other one is refused.
	Statement string `json:"statement"`
	// StatementSince is the first day that the bank is asked about, YYYY-MM-DD: the days before
	// are those of files.
	StatementSince string `json:"statement_since"`
}

// TracesVariable names the collector in the environment.
const TracesVariable = "OTEL_EXPORTER_OTLP_ENDPOINT"

// ReadConfig reads a JSON file, lets the environment win, and refuses unknown
// fields and what is missing, by name.
func ReadConfig(path string, getenv func(string) string) (Config, error) {
	c := Config{Shards: 4, Listen: "127.0.0.1:8080", MetricsListen: "127.0.0.1:9090", API: true, Engine: true}
	if path != "" {
		f, err := os.Open(path)
		if err != nil {
			return c, err
		}
		defer f.Close()
		d := json.NewDecoder(f)
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			return c, fmt.Errorf("%s: %w", path, err)
		}
	}
	c.DSN = cmp.Or(getenv("PROVODKA_DSN"), c.DSN)
	if list := getenv("PROVODKA_BROKERS"); list != "" {
		c.Brokers = strings.Split(list, ",")
	}
	c.Traces = cmp.Or(getenv(TracesVariable), c.Traces)
	c.Bank.Token = cmp.Or(getenv("PROVODKA_BANK_TOKEN"), c.Bank.Token)
	if secret := getenv("PROVODKA_BANK_CALLBACK_SECRET"); secret != "" {
		c.Bank.CallbackSecrets = append([]string{secret}, c.Bank.CallbackSecrets...)
	}
	c.Tax.MasterToken = cmp.Or(getenv("PROVODKA_TAX_TOKEN"), c.Tax.MasterToken)
	c.SMS.APIID = cmp.Or(getenv("PROVODKA_SMS_API_ID"), c.SMS.APIID)
	c.Push.Token = cmp.Or(getenv("PROVODKA_PUSH_TOKEN"), c.Push.Token)
	c.Mail.Password = cmp.Or(getenv("PROVODKA_MAIL_PASSWORD"), c.Mail.Password)
	var err error
	if c.Secrets, err = readSecrets("secret_files", c.SecretFiles, getenv("PROVODKA_SECRET")); err != nil {
		return c, err
	}
	c.InstallationKeys, err = readSecrets("installation_key_files", c.InstallationKeyFiles, getenv("PROVODKA_INSTALLATION_KEY"))
	if err != nil {
		return c, err
	}
	return c, c.Check()
}

// readSecrets reads what is in files, behind what the environment says.
func readSecrets(field string, files []string, first string) (out [][]byte, err error) {
	var texts []string
	if first != "" {
		texts = append(texts, first)
	}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
		texts = append(texts, strings.TrimSpace(string(raw)))
	}
	for _, t := range texts {
		secret, err := base64.StdEncoding.DecodeString(t)
		if err != nil {
			return nil, fmt.Errorf("%s: a secret is not base64", field) // its text is not repeated
		}
		out = append(out, secret)
	}
	return out, nil
}

// Check refuses a configuration that cannot work, naming the field.
func (c *Config) Check() error {
	for _, f := range []struct {
		field   string
		missing bool
	}{
		{"dsn", c.DSN == ""}, {"brokers", len(c.Brokers) == 0}, {"shards", c.Shards < 1},
		{"api, engine or auditor", !c.API && !c.Engine && !c.Auditor}, {"listen", c.API && c.Listen == ""},
		{"session_idle_minutes", c.SessionIdleMinutes < 0}, {"session_days", c.SessionDays < 0},
		{"checkpoint_seconds", c.CheckpointSeconds < 0}, {"secret_files or PROVODKA_SECRET", len(c.Secrets) == 0}, {"own_accounts", len(c.Own) == 0},
		{"installation_key_files or PROVODKA_INSTALLATION_KEY", len(c.InstallationKeys) == 0},
		{"bank.url", c.Engine && c.Bank.URL == ""}, {"bank.token", c.Engine && c.Bank.Token == ""},
		{"tax.url", c.Engine && c.Tax.URL == ""}, {"tax.master_token", c.Engine && c.Tax.MasterToken == ""}, {"tax.user_token", c.Engine && c.Tax.UserToken == ""},
		{"sms.api_id", c.Engine && c.SMS.URL != "" && c.SMS.APIID == ""}, {"mail.from", c.Engine && c.Mail.Addr != "" && c.Mail.From == ""},
		{"push.project and push.token", c.Engine && c.Push.URL != "" && (c.Push.Project == "" || c.Push.Token == "")},
		{"site", c.Engine && c.Mail.Addr != "" && c.Site == ""},
		{"tls.cert_file and tls.key_file", (c.TLS.CertFile == "") != (c.TLS.KeyFile == "")},
	} {
		if f.missing {
			return fmt.Errorf("configuration: %s is missing", f.field)
		}
	}
	if _, err := c.Bank.House(); err != nil {
		return err
	}
	return c.checkStatements()
}

// pulls says whether the bank can be asked for statements.
func (c *Config) pulls() bool {
	asked := slices.ContainsFunc(c.Own, func(a Account) bool { return a.Statement == byBank })
	return asked && c.Bank.URL != "" && c.Bank.Token != "" && c.Bank.StatementBook != ""
}

// checkStatements checks how statements come.
func (c *Config) checkStatements() error {
	asked := false
	for i, a := range c.Own {
		_, wrong := time.Parse(time.DateOnly, a.StatementSince)
		switch a.Statement {
		case "", byFile:
			wrong = nil
		case byBank:
			asked = true
		default:
			return fmt.Errorf("configuration: own_accounts[%d].statement is %q, and neither file nor bank", i, a.Statement)
		}
		if wrong != nil {
			return fmt.Errorf("configuration: own_accounts[%d].statement_since is not a day YYYY-MM-DD", i)
		}
	}
	switch b := c.Bank; {
	case b.StatementSeconds < 0:
		return errors.New("configuration: bank.statement_seconds is below 0")
	case b.StatementSeconds > 0 && !asked:
		return errors.New("configuration: bank.statement_seconds is set, and no own account has statements of the bank")
	case b.StatementSeconds > 0 && c.API && (b.URL == "" || b.Token == "" || b.StatementBook == ""):
		return errors.New("configuration: bank.url, bank.token or bank.statement_book is missing")
	}
	return nil
}
