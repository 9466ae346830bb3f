package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	registerv1 "github.com/provodka/provodka/proto/gen/provodka/register/v1"
)

// The register that is measured: drafts for executors who are known.
const (
	registerLines     = 100_000
	registerExecutors = 1_000
)

// roundRegister measures a register from its first byte to its last task, as a dry run, as
// the run, and as the same file again.
func (l *lab) roundRegister(ctx context.Context, round int) (err error) {
	made := fmt.Sprintf("register %d", l.lines)
	dry, again := made+" dry run", made+" again"
	if round > 1 || !l.wants(dry, made, again) { // it is long enough to be measured once
		return nil
	}
	h, err := l.newHouse(ctx, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	if err := h.start(ctx); err != nil {
		return err
	}
	c, err := client.New("http://"+h.server.Addr, h.key, client.WithBook(bookName), client.WithHTTPClient(client.HTTP2()))
	if err != nil {
		return err
	}
	company, err := openCompany(ctx, c, registerExecutors, nil)
	if err != nil {
		return err
	}
	pid, err := postmasterPID(l.pg.Data)
	if err != nil {
		return err
	}
	file, s := registerFile(l.lines), subject{postmaster: pid, sql: h.sql, server: h.server, broker: h.broker}
	for _, name := range []string{dry, made, again} {
		m := watchMemory(h.server.cmd.Process.Pid)
		cold := true
		r, err := l.measure(ctx, s, round, name, func(d time.Duration) (loadResult, error) {
			if cold { // the load that goes before a measurement: a register is made once
				cold = false
				return loadResult{}, nil
			}
			defer l.profiling(ctx, h, name, 5*time.Second)()
			defer l.profilingStatements(ctx, h, name)()
			return uploadOnce(ctx, c, company, file, l.lines, name == dry)
		})
		r.RSS = m.end()
		if err != nil {
			return fmt.Errorf("%s: %w; the server said: %s", name, err, tail(h.log("server")))
		}
		l.results = append(l.results, r)
	}
	return nil
}

func uploadOnce(ctx context.Context, c *client.Client, company string, file []byte, lines int, dryRun bool) (loadResult, error) {
	began := time.Now()
	last, err := c.UploadRegister(ctx, &registerv1.RegisterStart{Book: bookName, CompanyId: company, DryRun: dryRun}, bytes.NewReader(file),
		func(*registerv1.UploadRegisterResponse) error { return nil })
	if t := last.GetTotals(); err == nil && t.GetCreated()+t.GetReplayed() != uint32(lines) {
		err = fmt.Errorf("not every line was taken: %v", t)
	}
	return loadResult{acknowledged: lines, took: time.Since(began)}, err
}

// openCompany opens a company and registers executors, all with the same requisites.
func openCompany(ctx context.Context, c *client.Client, executors uint64, r *executorv1.Requisites) (string, error) {
	bic := requisite.ExampleBIC(1)
	answer, err := c.Companies.OpenCompany(ctx, &companyv1.OpenCompanyRequest{
		Book: bookName,
		Details: &companyv1.CompanyDetails{
			Inn: requisite.ExampleINN(1), Name: "ООО «Ромашка»", Phone: "8 (915) 327-71-21", Contract: "РВ-1",
			Accounts: []*companyv1.BankAccount{{Account: requisite.ExampleAccount("40702", bic, 1), Bic: bic}},
		},
		Tariff: &companyv1.Tariff{Percent: "3.5", Minimum: "5"},
	})
	if err != nil {
		return "", err
	}
	for i := range executors {
		_, err := c.Executors.RegisterExecutor(ctx, &executorv1.RegisterExecutorRequest{
			Book: bookName, EmploymentKind: "selfemployed", Requisites: r, Person: &executorv1.Person{
				Inn: requisite.ExamplePersonINN(i + 1), Phone: requisite.ExamplePhone(i + 1), LastName: "Иванов", FirstName: "Пётр", SecondName: "Сергеевич",
			},
		})
		if err != nil {
			return "", err
		}
	}
	return answer.GetCompany().GetCompanyId(), nil
}

func registerFile(lines int) []byte {
	var b bytes.Buffer
	b.WriteString("title;description;category;executor_inn;amount_gross;employment_kind;act_required\r\n")
	for i := range lines {
		fmt.Fprintf(&b, "Разгрузка фуры № %d;\"Работы по заявке № %d; срок — по договору\";Разовые работы;%s;%d,%02d;selfemployed;нет\r\n",
			i, i, requisite.ExamplePersonINN(uint64(i%registerExecutors)+1), 100+i, i%100)
	}
	return b.Bytes()
}

// nobody is a partner who never answers: drafts ask nobody.
type nobody struct{}

// Send implements port.Port.
func (nobody) Send(context.Context, port.Ask) port.Answer { return port.Answer{Result: port.Unknown} }

// Find implements port.Port.
func (nobody) Find(context.Context, port.Ask) port.Answer { return port.Answer{Result: port.Unknown} }

// Memory implements port.Port.
func (nobody) Memory() time.Duration { return time.Hour }
