package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	tax "github.com/provodka/provodka/adapters/fns/sandbox"
	bank "github.com/provodka/provodka/adapters/tbank/sandbox"
	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/cmd/provodka/server"
	"github.com/provodka/provodka/engine/port/requisite"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	registerv1 "github.com/provodka/provodka/proto/gen/provodka/register/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// The payroll that is measured: work that is done, under contracts signed on paper.
const (
	payrollTasks     = 10_000
	payrollExecutors = 1_000
	payrollPatience  = 3 * time.Minute
)

// productConfig is what the child is told that serves the whole product.
type productConfig struct {
	DSN, Broker string
	Shards      int
	Bank, Tax   string // the partners' addresses
}

// roundPayroll measures a payroll from the first byte of its register until every person
// has the money and every receipt is formed. The whole server runs, with its own adapters;
// the partners answer at once, from this process.
func (l *lab) roundPayroll(ctx context.Context, round int) (err error) {
	name := fmt.Sprintf("payroll %d", l.tasks)
	if round > 1 || !l.wants(name) { // it is long enough to be measured once
		return nil
	}
	h, err := l.newHouse(ctx, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	partners, closePartners, err := startPartners(filepath.Join(l.dir, h.name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closePartners()) }()
	partners.DSN, partners.Broker, partners.Shards = h.config.DSN, h.broker.Addr, 1
	config, err := json.Marshal(partners)
	if err != nil {
		return err
	}
	if h.server, err = startChild(ctx, roleProduct, string(config), h.log("server")); err != nil {
		return err
	}
	c, err := client.New("http://"+h.server.Addr, h.key, client.WithBook(bookName), client.WithHTTPClient(client.HTTP2()))
	if err != nil {
		return err
	}
	company, err := openCompany(ctx, c, payrollExecutors, &executorv1.Requisites{
		Bic: requisite.ExampleBIC(7), AccountNumber: requisite.ExampleAccount("40817", requisite.ExampleBIC(7), 1),
		CorrAccount: requisite.ExampleCorrAccount(requisite.ExampleBIC(7)), BankName: "АО Банк",
	})
	if err != nil {
		return err
	}
	if _, err := c.Post(ctx, client.Entry("funds", "topup", client.Debit("bank:settlement", "RUB", "100000000.00"), client.Credit("wallet:"+company, "RUB", "100000000.00"))); err != nil {
		return err
	}
	pid, err := postmasterPID(l.pg.Data)
	if err != nil {
		return err
	}
	m := watchMemory(h.server.cmd.Process.Pid)
	cold := true
	r, err := l.measure(ctx, subject{postmaster: pid, sql: h.sql, server: h.server, broker: h.broker}, round, name, func(time.Duration) (loadResult, error) {
		if cold { // the load that goes before a measurement: people are paid once
			cold = false
			return loadResult{}, nil
		}
		defer l.profiling(ctx, h, name, time.Duration(l.tasks)*4*time.Millisecond)()
		defer l.profilingUs(name)()
		defer l.profilingStatements(ctx, h, name)()
		return payOnce(ctx, c, company, l.tasks)
	})
	if r.RSS = m.end(); err != nil {
		return fmt.Errorf("%s: %w; the server said: %s", name, err, tail(h.log("server")))
	}
	l.results = append(l.results, r)
	return nil
}

// payOnce uploads the register, pays all of it and waits for the world.
func payOnce(ctx context.Context, c *client.Client, company string, tasks int) (loadResult, error) {
	began := time.Now()
	_, err := c.UploadRegister(ctx, &registerv1.RegisterStart{Book: bookName, CompanyId: company}, bytes.NewReader(payrollFile(tasks)),
		func(*registerv1.UploadRegisterResponse) error { return nil })
	if err != nil {
		return loadResult{}, err
	}
	filter := &taskv1.TaskFilter{CompanyId: company}
	for uploaded, counts := time.Now(), map[string]int64{}; counts["paid"] < int64(tasks); {
		answer, err := c.Tasks.PayAll(ctx, &taskv1.PayAllRequest{Book: bookName, Key: "payroll", Filter: filter})
		if err != nil {
			return loadResult{}, err
		}
		if counts, err = countTasks(ctx, c, company); err != nil {
			return loadResult{}, err
		}
		if counts["error"] > 0 || time.Since(uploaded) > payrollPatience {
			return loadResult{}, fmt.Errorf("after %v: %v", time.Since(uploaded), counts)
		}
		if !answer.GetMore() {
			pause := time.Second // as a page does; near the end more often, to see it
			if counts["paid"] > int64(tasks)*9/10 {
				pause /= 5
			}
			time.Sleep(pause) // sleep: a caller who asks whether all are paid
		}
	}
	return loadResult{acknowledged: tasks, took: time.Since(began)}, nil
}

func countTasks(ctx context.Context, c *client.Client, company string) (map[string]int64, error) {
	answer, err := c.Tasks.CountTasks(ctx, &taskv1.CountTasksRequest{Book: bookName, CompanyId: company})
	counts := map[string]int64{}
	for _, n := range answer.GetCounts() {
		counts[n.GetStatus()] = n.GetCount()
	}
	return counts, err
}

func payrollFile(tasks int) []byte {
	var b bytes.Buffer
	b.WriteString("title;description;category;executor_inn;amount_gross;employment_kind;act_required;autocomplete;document_number;document_date\r\n")
	for i := range tasks {
		fmt.Fprintf(&b, "Разгрузка фуры № %d;Работы по заявке № %d;Разовые работы;%s;%d,%02d;selfemployed;нет;да;%d;%s\r\n",
			i, i, requisite.ExamplePersonINN(uint64(i%payrollExecutors)+1), 1000+i%997, i%100, i+1, time.Now().Format(time.DateOnly))
	}
	return b.Bytes()
}

// startPartners serves the sandboxes of the bank and of the tax service, without faults.
func startPartners(dir string) (c productConfig, stop func() error, err error) {
	b, err := bank.New(filepath.Join(dir, "bank"), bank.Options{})
	if err != nil {
		return c, nil, err
	}
	t, err := tax.New(filepath.Join(dir, "tax"), tax.Options{Stranger: tax.Willing(), Processing: -1})
	if err != nil {
		return c, nil, errors.Join(err, b.Close())
	}
	servers := make([]*http.Server, 0, 2)
	stop = func() error {
		err := errors.Join(b.Close(), t.Close())
		for _, s := range servers {
			err = errors.Join(err, s.Close())
		}
		return err
	}
	for _, p := range []struct {
		handler http.Handler
		addr    *string
	}{{b, &c.Bank}, {t, &c.Tax}} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return c, nil, errors.Join(err, stop())
		}
		s := &http.Server{Handler: p.handler, ReadHeaderTimeout: 5 * time.Second}
		servers, *p.addr = append(servers, s), "http://"+listener.Addr().String()
		go func() { _ = s.Serve(listener) }() // ends by stop
	}
	return c, stop, nil
}

// serveProduct runs what `provodka serve` runs.
func serveProduct(ctx context.Context, config string, say func(string) error) error {
	var c productConfig
	if err := json.Unmarshal([]byte(config), &c); err != nil {
		return err
	}
	debug.SetMemoryLimit(memoryLimit)
	bic := requisite.ExampleBIC(900)
	m, err := server.Open(ctx, server.Config{
		DSN: c.DSN, Brokers: []string{c.Broker}, Shards: c.Shards, Listen: "127.0.0.1:0", API: true, Engine: true,
		Secrets: [][]byte{[]byte("a secret of the bench, of 32 bytes")}, InstallationKeys: [][]byte{[]byte("a key of the bench, of 32 bytes.")},
		Bank: server.Bank{URL: c.Bank, Token: "bench", PerSecond: -1}, Tax: server.Tax{URL: c.Tax, MasterToken: "bench", UserToken: "bench"},
		Polls: []time.Duration{time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond},
		Own: []server.Account{{Name: "settlement", BIC: bic, Account: requisite.ExampleAccount("40702", bic, 1), Corr: requisite.ExampleCorrAccount(bic),
			Bank: "АО Банк", Holder: "ООО Проводка", INN: requisite.ExampleINN(9)}},
	}, slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	defer m.Close()
	over := make(chan error, 1)
	go func() { over <- m.Run(ctx) }()
	select {
	case <-m.Ready():
	case err := <-over:
		return fmt.Errorf("the server ended before it was ready: %w", err)
	}
	if err := say(m.Addr()); err != nil {
		return err
	}
	return <-over
}
