package api

import (
	"cmp"
	"fmt"
	"time"

	"github.com/provodka/provodka/api/callback"
	"github.com/provodka/provodka/api/company"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/api/registration"
	"github.com/provodka/provodka/api/statement"
	"github.com/provodka/provodka/engine/monthly"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/press"
	"github.com/provodka/provodka/engine/private/password"
)

// Config is what a server is made of. New fills the zero values marked with a default
// and refuses what is missing.
type Config struct {
	gate.Config
	Registers  port.RegisterReader
	Statements port.StatementReader
	Drawer     *monthly.Drawer      // of companies' monthly documents
	Press      *press.Press         // of the files of tasks' documents
	Own        []company.OwnAccount // the first one is where companies send money

	Callbacks map[string]callback.Provider // who calls back, by name; none serves no callbacks
	Hearer    callback.Hearer              // of what they say: the engine

	Pull *statement.Pull // how the bank is asked for statements; nil, not at all

	Registration *registration.Offer // what strangers are offered; nil registers nobody

	Ready           func() bool     // whether health answers serving; default always
	PostbackPrivate bool            // postbacks may go over plain HTTP and to addresses of our own networks
	PostbackEvery   time.Duration   // between looks for something to tell; default 1 s
	OpenAccounts    int             // names of open accounts kept in memory; default 400,000
	Passwords       password.Params // of new passwords; default password.Recommended
	Site            string          // address of our pages without a slash at the end; links begin with it
}

func (c *Config) fill() error {
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"Registers", c.Registers == nil}, {"Statements", c.Statements == nil}, {"Own", len(c.Own) == 0}, {"Drawer", c.Drawer == nil}, {"Press", c.Press == nil},
		{"Hearer", len(c.Callbacks) > 0 && c.Hearer == nil},
	} {
		if f.missing {
			return fmt.Errorf("api: Config.%s is not set", f.name)
		}
	}
	if c.Ready == nil {
		c.Ready = func() bool { return true }
	}
	c.PostbackEvery = cmp.Or(c.PostbackEvery, time.Second)
	c.Passwords = cmp.Or(c.Passwords, password.Recommended)
	c.OpenAccounts = cmp.Or(c.OpenAccounts, 400_000)
	return nil
}
