package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/engine/flow/tax"
	"github.com/provodka/provodka/ledger/store"
)

const doctorLong = `Look at everything that a person on call would, change nothing, and say what to do:
the database, its schema and its clock; the brokers and the topics; and for each shard
who owns it, whether its place in the command log still fits, whether its journal and
the published events are one history, what waits, what the world has not answered, and
closed accounts that hold money; and whether a rate of the tax tables is about to end.

Exit 0: nothing needs a person. Exit 3: something does.`

// severity is how bad a finding is.
type severity string

const (
	fine severity = "ok"
	note severity = "note" // it may mend itself, or is normal in some states
	bad  severity = "BAD"  // a person has to act
)

// finding is one thing that the doctor looked at.
type finding struct {
	Severity severity `json:"severity"`
	Subject  string   `json:"subject"`
	Found    string   `json:"found"`
	Advice   string   `json:"advice,omitempty"`
}

// doctor collects findings.
type doctor struct {
	env      *Env
	findings []finding
}

func (d *doctor) ok(subject, format string, args ...any) {
	d.findings = append(d.findings, finding{fine, subject, fmt.Sprintf(format, args...), ""})
}

func (d *doctor) add(s severity, subject, found, advice string) {
	d.findings = append(d.findings, finding{s, subject, found, advice})
}

func newDoctorCmd(env *Env) *cobra.Command {
	var dsn string
	var broker brokerFlags
	cmd := &cobra.Command{
		Use: "doctor", Short: "Say what is wrong and what to do", Long: doctorLong, Args: args(cobra.NoArgs),
		Example: "  provodka doctor\n  provodka doctor --dsn postgres://localhost/provodka --brokers kafka:9092",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &doctor{env: env}
			d.examine(cmd.Context(), dsn, broker)
			return d.report()
		},
	}
	dsnFlag(cmd, &dsn)
	broker.add(cmd)
	return cmd
}

// examine looks at one thing after the other; each goes on when another fails.
func (d *doctor) examine(ctx context.Context, dsn string, broker brokerFlags) {
	db := d.database(ctx, dsn)
	if db != nil {
		defer db.Close()
	}
	log := d.broker(ctx, broker)
	if log != nil {
		defer log.Close()
	}
	if db != nil {
		d.shards(ctx, db, log)
	}
	d.rates(tax.Last())
	d.neighbours(ctx)
}

// ratesAhead is how long before the last day of a rate somebody has to see to the next one: a row is a release.
const ratesAhead = 60 * 24 * time.Hour

// rates looks whether the last row of a rule of the tax tables ends soon, or has ended.
func (d *doctor) rates(last []tax.Rule) {
	today, soon := d.env.Now().Format(time.DateOnly), d.env.Now().Add(ratesAhead).Format(time.DateOnly)
	fits := true
	for _, r := range last {
		severity, advice := note, "what it rules is refused afterwards (tax_rule_missing): a release with the next row of engine/flow/tax/tax.md is due before"
		switch {
		case r.To == "" || r.To > soon:
			continue
		case r.To < today:
			severity, advice = bad, "payments that it rules are refused (tax_rule_missing): a release with the next row of engine/flow/tax/tax.md brings it"
		}
		fits = false
		d.add(severity, "rate "+r.Name, "the last row of the tables ends on "+r.To, advice)
	}
	if fits {
		d.ok("rates", "none ends within %d days", int(ratesAhead.Hours()/24))
	}
}

func (d *doctor) database(ctx context.Context, dsn string) *store.DB {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	db, err := d.env.openDB(ctx, dsn)
	if err != nil {
		d.add(bad, "database", err.Error(), "start the database or correct its address; commands wait in the log until then")
		return nil
	}
	current, latest, err := db.MigrationStatus(ctx)
	switch {
	case err != nil:
		d.add(bad, "schema", err.Error(), "see the database's log")
	case current != latest:
		d.add(bad, "schema", fmt.Sprintf("%d of %d", current, latest), schemaWords(current, latest))
		db.Close()
		return nil // nothing else can be read from it
	default:
		d.ok("database", "answers, schema %d of %d", current, latest)
	}
	d.clock(ctx, db)
	return db
}

// Limits of the difference between this machine's clock and the database's.
const (
	clockNote = 100 * time.Millisecond
	clockBad  = time.Second
)

func (d *doctor) clock(ctx context.Context, db *store.DB) {
	before := d.env.Now()
	there, err := db.Clock(ctx)
	after := d.env.Now()
	if err != nil {
		d.add(bad, "clock", err.Error(), "see the database's log")
		return
	}
	skew, travel := there.Sub(before.Add(after.Sub(before)/2)), after.Sub(before)
	found := fmt.Sprintf("the database's clock is %s off this machine's (asking took %s)",
		skew.Round(time.Millisecond), travel.Round(time.Millisecond))
	switch off := max(skew.Abs()-travel/2, 0); {
	case off > clockBad:
		d.add(bad, "clock", found, "set both clocks by NTP: a broker stamps commands by its own, leases run by the database's")
	case off > clockNote:
		d.add(note, "clock", found, "look at NTP on both machines")
	default:
		d.ok("clock", "%s", found)
	}
}

// neighbours looks whether the addresses of dev.json answer.
func (d *doctor) neighbours(ctx context.Context) {
	state, err := d.env.dev()
	if err != nil {
		d.add(note, "dev.json", err.Error(), "start `provodka dev`")
		return
	}
	addresses := map[string]string{"api": state.API, "metrics": state.Metrics}
	for name, address := range state.Sandboxes {
		addresses["sandbox "+name] = address
	}
	names := make([]string, 0, len(addresses))
	for name, address := range addresses {
		if address != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		address := hostPort(addresses[name])
		dialer := net.Dialer{Timeout: 2 * time.Second}
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			d.add(bad, name, fmt.Sprintf("%s does not answer: %v", address, err), "start `provodka dev` again; what it has taken is kept")
			continue
		}
		conn.Close()
		d.ok(name, "%s answers", address)
	}
}

// hostPort takes an address out of a URL.
func hostPort(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	if u.Port() == "" {
		return net.JoinHostPort(u.Hostname(), u.Scheme)
	}
	return u.Host
}

// needsPerson ends the command when something is bad.
type needsPerson struct{ count int }

// Error implements error.
func (n needsPerson) Error() string { return fmt.Sprintf("%d findings need a person", n.count) }

func (d *doctor) report() error {
	count := 0
	for _, f := range d.findings {
		if f.Severity == bad {
			count++
		}
	}
	if err := d.print(); err != nil {
		return err
	}
	if count > 0 {
		return needsPerson{count}
	}
	return nil
}

func (d *doctor) print() error {
	if d.env.json() {
		return d.env.printJSON(map[string]any{"findings": d.findings})
	}
	for _, f := range d.findings {
		line := fmt.Sprintf("%-4s  %-28s  %s", f.Severity, f.Subject, strings.Join(strings.Fields(f.Found), " "))
		if f.Advice != "" {
			line += "\n" + strings.Repeat(" ", 36) + "→ " + f.Advice
		}
		if _, err := fmt.Fprintln(d.env.Out, line); err != nil {
			return err
		}
	}
	return nil
}
