package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are what the flags say.
type options struct {
	cases    *regexp.Regexp
	seconds  time.Duration
	rounds   int
	out      string
	profile  string
	accounts int
	wait     time.Duration // for the machine to be quiet before a case, at most

	soaking   time.Duration // full load for so long instead
	long      bool          // the grown data sets instead
	transfers int
	shards    []int
	keep      string // where the grown books stay
	tasks     int    // of the payroll
	lines     int    // of the register

	statements bool // a profile has what each statement cost the database

	svg   string
	guard bool // fail when a ratio is far below what it was
}

func main() {
	if role, config, ok := childRole(os.Args); ok {
		if err := runChild(role, config); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", role+":", err)
			os.Exit(1)
		}
		return
	}
	o, err := parseFlags()
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		err = run(ctx, o)
		stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parseFlags() (options, error) {
	quick := flag.Bool("quick", false, "one round of a second each: to see that everything works")
	cases := flag.String("case", "", "only cases whose name matches this expression (floors by theirs; with -long cost, reads, turnovers, replay, check)")
	seconds := flag.Float64("seconds", 1.2, "how long a case is measured")
	out := flag.String("out", "", "append the raw results to this file as JSON lines")
	profile := flag.String("profile", "", "write profiles and metrics of the server to this directory; of a payroll that of client and partners too")
	accounts := flag.Int("accounts", 10_000, "accounts that the transfers are spread over")
	wait := flag.Duration("wait", 0, "before a case wait at most this long for other programs to leave the processors alone")
	long := flag.Bool("long", false, "measure books that have grown, on 1 and on 4 shards")
	soaking := flag.Duration("soak", 0, "full load for so long, the server's memory minute by minute (ten minutes take about 30 GB of disk)")
	transfers := flag.Int("transfers", 5_000_000, "with -long: how many transfers are there")
	shards := flag.String("shards", "1,4", "with -long: on how many shards")
	keep := flag.String("keep", "", "with -long: keep the grown books in this directory, and measure those that are there")
	tasks := flag.Int("tasks", payrollTasks, "how many tasks the payroll pays")
	lines := flag.Int("lines", registerLines, "how many lines the register has")
	statements := flag.Bool("statements", false, "with -profile: write what each statement cost the database too (it must have the module pg_stat_statements)")
	svg := flag.String("svg", "", "draw the rates into this file")
	guard := flag.Bool("guard", false, "fail when a ratio to bare SQL is far below what it was (guard.go)")
	flag.Parse()
	if *guard && !given("case") {
		*cases = guardedCases
	}
	o := options{
		seconds: time.Duration(*seconds * float64(time.Second)), rounds: 3,
		out: *out, profile: *profile, accounts: *accounts, wait: min(*wait, time.Minute),
		soaking: *soaking, long: *long, transfers: *transfers, guard: *guard, svg: *svg, keep: *keep,
		tasks: *tasks, lines: *lines, statements: *statements && *profile != "",
	}
	for text := range strings.SplitSeq(*shards, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return o, fmt.Errorf("-shards takes numbers with commas between them, not %q", *shards)
		}
		o.shards = append(o.shards, n)
	}
	if o.long && !given("accounts") {
		o.accounts = 1_000_000
	}
	if *quick {
		o.rounds = 1
		if !given("seconds") {
			o.seconds = time.Second
		}
	}
	if o.tasks < 1 || o.lines < 1 {
		return o, fmt.Errorf("-tasks and -lines are at least 1")
	}
	if o.soaking < 0 || o.soaking > time.Hour {
		return o, fmt.Errorf("-soak is at most an hour")
	}
	if o.seconds <= 0 || o.seconds > 15*time.Minute || o.accounts < 10 || o.accounts > 1_000_000 {
		return o, fmt.Errorf("-seconds up to 900, -accounts from 10 to 1000000")
	}
	var err error
	o.cases, err = regexp.Compile(*cases)
	return o, err
}

// run measures everything, prints the table and writes the raw results.
func run(ctx context.Context, o options) (err error) {
	began := time.Now()
	l, err := newLab(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		if e := l.close(); err == nil {
			err = e
		}
	}()
	fmt.Printf("%s, %d processors, %s, Go %s, %d accounts, %v per case, %d rounds, load %s\n",
		l.cpu, runtime.NumCPU(), l.version, runtime.Version()[2:], o.accounts, o.seconds, o.rounds, loadAverage())
	if o.long {
		figures, err := l.long(ctx)
		longTable(os.Stdout, figures)
		fmt.Printf("%v in all, load %s\n", time.Since(began).Round(time.Second), loadAverage())
		return errors.Join(err, appendResults(o.out, figures))
	}
	if o.soaking > 0 {
		minutes, err := l.soak(ctx)
		if err == nil {
			var line string
			line, err = judgeSoak(minutes)
			fmt.Println(line)
		}
		return errors.Join(err, appendResults(o.out, minutes))
	}
	for round := 1; round <= o.rounds; round++ {
		if err := l.round(ctx, round); err != nil {
			table(os.Stdout, l.results) // what there is
			return fmt.Errorf("round %d: %w", round, err)
		}
	}
	if len(l.results) == 0 {
		return fmt.Errorf("no case matches %q", o.cases)
	}
	table(os.Stdout, l.results)
	if o.svg != "" {
		if err := os.WriteFile(o.svg, draw(l.results), 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("%v in all, load %s\n", time.Since(began).Round(time.Second), loadAverage())
	err = appendResults(o.out, l.results)
	if o.guard {
		err = errors.Join(err, guard(l.results))
	}
	return err
}

// given says whether a flag was written on the command line.
func given(name string) (found bool) {
	flag.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}
