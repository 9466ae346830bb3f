package play

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/sync/errgroup"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/examples/play"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	"github.com/provodka/provodka/proto/gen/provodka/company/v1/companyv1connect"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	"github.com/provodka/provodka/proto/gen/provodka/executor/v1/executorv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/ledger/v1/ledgerv1connect"
	registerv1 "github.com/provodka/provodka/proto/gen/provodka/register/v1"
	"github.com/provodka/provodka/proto/gen/provodka/register/v1/registerv1connect"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
	"github.com/provodka/provodka/proto/gen/provodka/statement/v1/statementv1connect"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
	"github.com/provodka/provodka/proto/gen/provodka/task/v1/taskv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/tax/v1/taxv1connect"
)

// Options say where the server is and how to play.
type Options struct {
	URL      string // of the API
	Key      string // API key
	Book     string
	Dir      string    // of the play's files
	Out      io.Writer // where the story is told, for people
	Patience time.Duration
	Bank     string // URL of the bank's sandbox, which is told what the world does
	Tax      string // the same of the tax service's
	SMS      string // and of the provider of SMS, where people read theirs
}

// Player performs one play.
type Player struct {
	Options
	play       play.Play
	companies  companyv1connect.CompanyServiceClient
	executors  executorv1connect.ExecutorServiceClient
	tasks      taskv1connect.TaskServiceClient
	registers  registerv1connect.RegisterServiceClient
	statements statementv1connect.StatementServiceClient
	ledger     ledgerv1connect.LedgerServiceClient
	taxes      taxv1connect.TaxServiceClient
	api        *client.Client
	company    *companyv1.Company
	people     map[string]string // ids of executors by their refs
	lines      map[int]string    // ids of tasks by line of the register
	position   string
	started    time.Time
	seen       *met
	fresh      bool // nothing of the play was played before, so every error of it is met in this life
}

// atOnce is how many calls the player makes side by side.
const atOnce = 8

// New reads the play and makes a player; it makes no call.
func New(o Options) (*Player, error) {
	p, err := play.Load(o.Dir)
	if err != nil {
		return nil, err
	}
	c, err := client.New(o.URL, o.Key, client.WithBook(o.Book))
	if err != nil {
		return nil, err
	}
	return &Player{
		Options: o, play: p, companies: c.Companies, executors: c.Executors, tasks: c.Tasks,
		registers: c.Registers, statements: c.Statements, ledger: c.Ledger, taxes: c.Taxes, api: c,
	}, nil
}

// Perform plays to the end and reports; the error says what did not come out.
func (p *Player) Perform(ctx context.Context) error {
	p.started = time.Now()
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"компания открыта", p.openCompany},
		{"выписка разнесена", p.importStatement},
		{"исполнители зарегистрированы", p.registerExecutors},
		{"старые налоги перенесены", p.bringForward},
		{"реестр загружен", p.importRegister},
		{"договоры подписаны", p.sign},
		{"работы и акты приняты", p.accept},
		{"вид занятости сменён", p.changeKinds},
		{"задания отправлены в оплату", p.pay},
		{"ошибки оплаты исправлены", p.cure},
		{"банк и ФНС ответили на всё", p.await},
		{"старые налоги перечислены", p.remit},
	} {
		began := time.Now()
		if err := p.again(ctx, step.run); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		p.say("%-34s %6.1f с", step.name, time.Since(began).Seconds())
	}
	return p.report(ctx)
}

func (p *Player) say(format string, args ...any) { fmt.Fprintf(p.Out, format+"\n", args...) }

// again repeats a step that the server could not take: every call has its key, so
// asking again does nothing twice.
func (p *Player) again(ctx context.Context, run func(context.Context) error) error {
	for {
		err := run(ctx)
		code := connect.CodeOf(err)
		if err == nil || code != connect.CodeUnavailable && code != connect.CodeDeadlineExceeded && code != connect.CodeResourceExhausted {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (p *Player) openCompany(ctx context.Context) error {
	c := p.play.Company
	r, err := p.companies.OpenCompany(ctx, &companyv1.OpenCompanyRequest{
		Book: p.Book, Key: "play:company",
		Details: &companyv1.CompanyDetails{Inn: c.INN, Name: c.Name, Contract: c.Contract,
			Accounts: []*companyv1.BankAccount{{Account: c.Account, Bic: c.BIC}}},
		Tariff:          &companyv1.Tariff{Percent: c.CommissionPercent, Minimum: "0"},
		DepositRequired: c.DepositRequired,
	})
	if err != nil {
		return err
	}
	p.company, p.fresh = r.GetCompany(), p.fresh || !r.GetReplayed()
	p.position, err = p.agree(ctx, "play:limits", c.Limits)
	return err
}

// each does something for the first n numbers, several at once.
func each(ctx context.Context, n int, do func(context.Context, int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i := range n {
		g.Go(func() error { return do(ctx, i) })
	}
	return g.Wait()
}

func (p *Player) registerExecutors(ctx context.Context) error {
	ids := make([]string, len(p.play.Executors))
	err := each(ctx, len(p.play.Executors), func(ctx context.Context, i int) error {
		x := p.play.Executors[i]
		if x.Invited {
			id, err := p.joins(ctx, i)
			ids[i] = id
			return named(x.Ref, err)
		}
		person := p.person(i)
		if !x.NoPapers {
			p.identify(person, i)
		}
		made, err := p.executors.RegisterExecutor(ctx, &executorv1.RegisterExecutorRequest{
			Book: p.Book, Key: "play:" + x.Ref, EmploymentKind: x.Kind, Nonresident: x.Nonresident, Person: person, Requisites: requisites(x.Requisites),
		})
		ids[i] = made.GetExecutor().GetExecutorId()
		return named(x.Ref, err)
	})
	p.people = map[string]string{}
	for i, id := range ids {
		p.people[p.play.Executors[i].Ref] = id
	}
	return err
}

// named says of whom an error is.
func named(who string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", who, err)
	}
	return nil
}

func (p *Player) person(i int) *executorv1.Person {
	x := p.play.Executors[i]
	return &executorv1.Person{Inn: x.INN, Phone: x.Phone, LastName: x.LastName, FirstName: x.FirstName, SecondName: x.SecondName}
}

func requisites(r *play.Requisites) *executorv1.Requisites {
	switch {
	case r == nil:
		return nil
	case r.SBP != nil:
		return &executorv1.Requisites{Sbp: &executorv1.Sbp{Phone: r.SBP.Phone, BankId: r.SBP.Bank}}
	case r.Card != nil:
		return &executorv1.Requisites{Card: &executorv1.Card{Token: r.Card.Token, Mask: r.Card.Mask}}
	}
	return &executorv1.Requisites{Bic: r.BIC, AccountNumber: r.Account, CorrAccount: r.Corr, BankName: r.Bank}
}

// identify invents what a civil contract needs to know of the i-th person.
func (p *Player) identify(of *executorv1.Person, i int) {
	if p.play.Executors[i].Kind != "civil_contract" {
		return
	}
	of.Snils, of.Birthday = requisite.ExampleSNILS(uint64(i)), "1990-05-17"
	of.Passport = &executorv1.Passport{
		Number: requisite.ExamplePassport(uint64(i)), IssuedOn: "2010-06-01", IssuedBy: "ОТДЕЛОМ УФМС РОССИИ ПО ГОР. МОСКВЕ", DepartmentCode: "770-001",
	}
}

func (p *Player) importStatement(ctx context.Context) error {
	file, err := os.ReadFile(filepath.Join(p.Dir, play.Statement))
	if err != nil {
		return err
	}
	r, err := p.statements.ImportStatement(ctx, &statementv1.ImportStatementRequest{Book: p.Book, File: file, FileName: play.Statement})
	if err != nil {
		return err
	}
	p.position = r.GetPosition()
	return p.untilActive(ctx)
}

// untilActive waits until the company has heard of its deposit: the line's shard
// tells the company's, so it is not done when the statement is.
func (p *Player) untilActive(ctx context.Context) error {
	for {
		r, err := p.companies.GetCompany(ctx, &companyv1.GetCompanyRequest{Book: p.Book, CompanyId: p.company.GetCompanyId()})
		if err != nil || r.GetCompany().GetState() == "active" {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *Player) importRegister(ctx context.Context) error {
	file, err := os.ReadFile(filepath.Join(p.Dir, play.Register))
	if err != nil {
		return err
	}
	r, err := p.registers.ImportRegister(ctx, &registerv1.ImportRegisterRequest{
		Book: p.Book, CompanyId: p.company.GetCompanyId(), File: file, FileName: play.Register,
	})
	if err != nil {
		return err
	}
	p.position = r.GetPosition()
	reg := r.GetRegister()
	if int(reg.GetAccepted()) != p.play.Expected.RegisterAccepted || int(reg.GetRefused()) != p.play.Expected.RegisterRefused {
		return fmt.Errorf("the register has %d good and %d refused lines, expected %d and %d", reg.GetAccepted(), reg.GetRefused(),
			p.play.Expected.RegisterAccepted, p.play.Expected.RegisterRefused)
	}
	return nil
}

// list reads the company's tasks in some states.
func (p *Player) list(ctx context.Context, statuses ...string) ([]*taskv1.Task, error) {
	var all []*taskv1.Task
	for token := ""; ; {
		r, err := p.tasks.ListTasks(ctx, &taskv1.ListTasksRequest{
			Book: p.Book, CompanyId: p.company.GetCompanyId(), Statuses: statuses, PageSize: 500, PageToken: token, MinPosition: p.position,
		})
		if err != nil {
			return nil, err
		}
		all = append(all, r.GetTasks()...)
		if token = r.GetNextPageToken(); token == "" {
			return all, nil
		}
	}
}

// unsigned lists the contracts that wait for their executors, once every contract that
// was accepted already has heard whether there is room under its executor's limit.
func (p *Player) unsigned(ctx context.Context) ([]*taskv1.Task, error) {
	for {
		drafts, err := p.list(ctx, "draft")
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(drafts, func(t *taskv1.Task) bool { return t.GetPhase() == "limit" }) {
			return slices.DeleteFunc(drafts, func(t *taskv1.Task) bool { return t.GetExecutorSignedAt() != nil }), nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// sign lets every executor accept his contract.
func (p *Player) sign(ctx context.Context) error {
	drafts, err := p.unsigned(ctx)
	if err != nil {
		return err
	}
	return each(ctx, len(drafts), func(ctx context.Context, i int) error {
		if p.byLink(drafts[i]) {
			return named(drafts[i].GetTitle(), p.signByLink(ctx, drafts[i], agreement))
		}
		_, err := p.tasks.SignTask(ctx, &taskv1.SignTaskRequest{Book: p.Book, Key: "play:sign:" + drafts[i].GetId(), TaskId: drafts[i].GetId()})
		return err
	})
}

// accept lets executors sign their acts and the company confirm and accept.
func (p *Player) accept(ctx context.Context) error {
	working, err := p.list(ctx, "inwork")
	if err != nil {
		return err
	}
	err = each(ctx, len(working), func(ctx context.Context, i int) error {
		t := working[i]
		if !t.GetActRequired() || slices.Contains(p.play.UnsignedActs, int(t.GetRegisterLine())) {
			return nil
		}
		if p.byLink(t) {
			return named(t.GetTitle(), p.signByLink(ctx, t, act))
		}
		_, err := p.tasks.SignAct(ctx, &taskv1.SignActRequest{
			Book: p.Book, Key: "play:act:" + t.GetId(), TaskId: t.GetId(), Signer: taskv1.ActSigner_ACT_SIGNER_EXECUTOR,
		})
		return err
	})
	if err != nil {
		return err
	}
	filter := &taskv1.TaskFilter{CompanyId: p.company.GetCompanyId()}
	for more := true; more; {
		r, err := p.tasks.DoneAll(ctx, &taskv1.DoneAllRequest{Book: p.Book, Key: "play:done", Filter: filter})
		if err != nil {
			return err
		}
		more, p.position = r.GetMore(), r.GetPosition()
	}
	for more := true; more; {
		r, err := p.tasks.SignAll(ctx, &taskv1.SignAllRequest{Book: p.Book, Key: "play:accept", Filter: filter})
		if err != nil {
			return err
		}
		more, p.position = r.GetMore(), r.GetPosition()
	}
	return nil
}

func (p *Player) pay(ctx context.Context) error {
	filter := &taskv1.TaskFilter{CompanyId: p.company.GetCompanyId()}
	for more := true; more; {
		r, err := p.tasks.PayAll(ctx, &taskv1.PayAllRequest{Book: p.Book, Key: "play:pay", Filter: filter})
		if err != nil {
			return err
		}
		more, p.position = r.GetMore(), r.GetPosition()
	}
	return nil
}

// await waits until no task is being paid any more.
func (p *Player) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.Patience)
	defer cancel()
	for {
		counts, err := p.counts(ctx)
		if err != nil {
			return err
		}
		if counts["paying"] == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d tasks are still being paid", counts["paying"])
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (p *Player) counts(ctx context.Context) (map[string]int64, error) {
	r, err := p.tasks.CountTasks(ctx, &taskv1.CountTasksRequest{Book: p.Book, CompanyId: p.company.GetCompanyId(), MinPosition: p.position})
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, c := range r.GetCounts() {
		counts[c.GetStatus()] = c.GetCount()
	}
	return counts, nil
}
