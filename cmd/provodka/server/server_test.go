package server

import (
	"net/http"
	"testing"
	"time"
)

// No server of ours waits for ever for a request, or lets anybody send headers without end.
func TestServersHaveLimits(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*http.Server{"public": publicServer(nil), "metrics": metricsServer(nil)} {
		if s.ReadTimeout <= 0 || s.ReadTimeout > time.Minute || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 || s.MaxHeaderBytes > 64<<10 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if p := publicServer(nil).Protocols; !p.UnencryptedHTTP2() || !p.HTTP1() || !p.HTTP2() {
		t.Errorf("gRPC without TLS is shut out: %v", p)
	}
}

// How statements come is said once, and whole.
func TestStatementsAreConfiguredWhole(t *testing.T) {
	t.Parallel()
	good := func() Config {
		return Config{
			API: true, Bank: Bank{URL: "https://bank.invalid", Token: "t", StatementSeconds: 60, StatementBook: "main"},
			Own: []Account{{}, {Statement: byFile}, {Statement: byBank, StatementSince: "2026-03-02"}},
		}
	}
	for name, c := range map[string]struct {
		change func(*Config)
		passes bool
	}{
		"whole": {func(*Config) {}, true}, "nobody asks here": {func(c *Config) { c.Bank = Bank{} }, true},
		"only the engine": {func(c *Config) { c.API, c.Bank.StatementBook = false, "" }, true},
		"another source":  {func(c *Config) { c.Own[1].Statement = "fax" }, false}, "no first day": {func(c *Config) { c.Own[2].StatementSince = "" }, false},
		"below 0": {func(c *Config) { c.Bank.StatementSeconds = -1 }, false}, "no book": {func(c *Config) { c.Bank.StatementBook = "" }, false},
		"no token": {func(c *Config) { c.Bank.Token = "" }, false}, "nothing to ask about": {func(c *Config) { c.Own = c.Own[:2] }, false},
	} {
		cfg := good()
		c.change(&cfg)
		if err := cfg.checkStatements(); (err == nil) != c.passes {
			t.Errorf("%s: %v", name, err)
		}
	}
}
