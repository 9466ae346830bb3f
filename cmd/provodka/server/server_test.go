package server

import (
	"net/http"
	"strings"
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

// Limits of the house's contract are rows like the program's: a wrong one stops the start, by its place.
func TestLimitsOfTheHouse(t *testing.T) {
	t.Parallel()
	good := Limit{From: "2026-01-01", Way: "account", Scope: "company day", Most: "100000"}
	for name, tc := range map[string]struct {
		limits []Limit
		wrong  string
	}{
		"none": {nil, ""}, "one": {[]Limit{good}, ""},
		"way":   {[]Limit{good, {From: "2026-01-01", Way: "cash", Scope: "payment", Most: "1"}}, "bank.limits[1]"},
		"twice": {[]Limit{good, good}, "bank.limits"},
	} {
		b := Bank{Limits: tc.limits}
		house, err := b.House()
		if (err == nil) != (tc.wrong == "") || err != nil && !strings.Contains(err.Error(), tc.wrong) || err == nil && len(house) != len(tc.limits) {
			t.Errorf("%s: %v %v", name, house, err)
		}
	}
	b := Bank{Limits: []Limit{good}}
	house, err := b.House()
	if err != nil || len(house.Stamp(nil, "2026-03-02")) != 1 || house.Stamp(nil, "2026-03-02")[0].GetMost() != "100000.00" || len(house.Stamp(nil, "2025-12-31")) != 0 {
		t.Errorf("%v %v", house, err)
	}
}
