package play

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/sync/errgroup"

	"github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/examples/play"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// look is how often the player looks what has become of something.
const look = 50 * time.Millisecond

// changeKinds lets executors take another kind of employment before they are paid.
func (p *Player) changeKinds(ctx context.Context) error {
	for _, x := range p.play.Executors {
		if x.Meanwhile == "" {
			continue
		}
		if err := p.changeKind(ctx, x, x.Meanwhile, "meanwhile"); err != nil {
			return err
		}
	}
	return nil
}

func (p *Player) changeKind(ctx context.Context, x play.Executor, kind, when string) error {
	_, err := p.executors.UpdateExecutor(ctx, &executorv1.UpdateExecutorRequest{
		Book: p.Book, Key: "play:kind:" + when + ":" + x.Ref, ExecutorId: p.people[x.Ref], EmploymentKind: kind, Nonresident: x.Nonresident,
	})
	return err
}

// met notes which tasks ran into an error, and what was done about it, in this life of the program.
type met struct {
	mu    sync.Mutex
	stops map[string]*stop // by code
}

// stop is an error that was met.
type stop struct {
	words, who string
	tasks      map[string]bool
	cures      map[string]map[string]bool // tasks by what was done
}

func (m *met) note(task string, why *taskv1.PaymentError, cure play.Cure) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stops[why.GetCode()]
	if s == nil {
		s = &stop{words: short(why.GetMessage()), who: actors[why.GetActor()], tasks: map[string]bool{}, cures: map[string]map[string]bool{}}
		m.stops[why.GetCode()] = s
	}
	how := cures[cure]
	if s.cures[how] == nil {
		s.cures[how] = map[string]bool{}
	}
	s.tasks[task], s.cures[how][task] = true, true
}

// actors are the words for who has to act.
var actors = map[string]string{"executor": "исполнитель", "company": "компания", "support": "поддержка"}

// cures are the words for what was done.
var cures = map[play.Cure]string{
	play.GivesRequisites: "указаны реквизиты", play.GivesPapers: "указаны СНИЛС и паспорт", play.TakesKindBack: "вид занятости возвращён", play.Permits: "права возвращены",
	play.Retries: "оплата повторена", play.RaisesLimits: "лимит повышен", play.MakesRoom: "отменено другое задание", play.CallsOff: "задание отменено",
	play.BankPays: "банк исполнил платёж позже", "": "не исправлено",
}

// short is what happened, without what is to be done and how much.
func short(message string) string {
	what, _, _ := strings.Cut(message, ": ")
	what, _, _ = strings.Cut(what, " (")
	return what
}

// missing are the errors that the play foretells and nobody has met: one that stopped no payment was
// not cured either.
func (m *met) missing(of []play.Trouble) (codes []string) {
	for _, tr := range of {
		for _, s := range tr.Errors {
			if m.stops[s.Code] == nil && !slices.Contains(codes, s.Code) {
				codes = append(codes, s.Code)
			}
		}
	}
	return codes
}

// tell prints what was met, what stopped most tasks first.
func (m *met) tell(w io.Writer) error {
	all := slices.SortedFunc(maps.Values(m.stops), func(a, b *stop) int {
		return cmp.Or(cmp.Compare(len(b.tasks), len(a.tasks)), cmp.Compare(a.words, b.words))
	})
	t := table.New("Ошибка оплаты", ">Заданий", "Кому исправить", "Что сделано")
	for _, s := range all {
		var done []string
		for _, how := range slices.SortedFunc(maps.Keys(s.cures), func(a, b string) int {
			return cmp.Or(cmp.Compare(len(s.cures[b]), len(s.cures[a])), cmp.Compare(a, b))
		}) {
			done = append(done, how)
			if len(s.cures) > 1 {
				done[len(done)-1] += fmt.Sprintf(": %d", len(s.cures[how]))
			}
		}
		t.Add(s.words, fmt.Sprint(len(s.tasks)), s.who, strings.Join(done, "; "))
	}
	return t.Write(w)
}

// cure follows every task whose payment stops until it is where the play says it ends. Each
// error is cured by the one who has to act; one that the play does not foretell fails it.
func (p *Player) cure(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.Patience)
	defer cancel()
	all, err := p.list(ctx, allStates()...)
	if err != nil {
		return err
	}
	p.lines = map[int]string{}
	for _, t := range all {
		p.lines[int(t.GetRegisterLine())] = t.GetId()
	}
	p.seen = &met{stops: map[string]*stop{}}
	g, together := errgroup.WithContext(ctx) // all of them: most wait for the world
	for _, tr := range p.play.Troubles {
		g.Go(func() error {
			if err := p.follow(together, tr); err != nil {
				return fmt.Errorf("строка реестра %d: %w", tr.Line, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if missing := p.seen.missing(p.play.Troubles); p.fresh && len(missing) > 0 {
		return fmt.Errorf("этих ошибок никто не встретил: %s", strings.Join(missing, ", "))
	}
	return nil
}

// reportTroubles prints what payments ran into. A play that is played on tells what it cured in this life alone,
// and nothing when all was cured before.
func (p *Player) reportTroubles(context.Context, *differences) error {
	left := func(s *stop) bool { return len(s.cures) == 1 && s.cures[cures[""]] != nil }
	if !slices.ContainsFunc(slices.Collect(maps.Values(p.seen.stops)), func(s *stop) bool { return !left(s) }) {
		return nil
	}
	p.say("")
	return p.seen.tell(p.Out)
}

// follow takes one task to its end. Every cure is a command with a key that a restarted player
// finds decided.
func (p *Player) follow(ctx context.Context, tr play.Trouble) error {
	was := "" // what was acted on: a state, or a stop by an error
	for {
		r, err := p.tasks.GetTask(ctx, &taskv1.GetTaskRequest{Book: p.Book, TaskId: p.lines[tr.Line]})
		if err != nil {
			return err
		}
		t := r.GetTask()
		now := t.GetStatus()
		if now == "error" { // one that has gone on and stopped again for the same reason is stopped anew
			now = fmt.Sprintf("%s, версия %d", t.GetPaymentErrors()[0].GetCode(), t.GetVersion())
		}
		if now != was {
			was = now
			if over, err := p.act(ctx, tr, t); err != nil || over {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("ждали состояния %q, задание в состоянии %q", tr.End, now)
		case <-time.After(look):
		}
	}
}

// act does what is to be done about a task in its state, and says whether that is its end.
func (p *Player) act(ctx context.Context, tr play.Trouble, t *taskv1.Task) (over bool, err error) {
	switch t.GetStatus() {
	case "paid":
		if tr.TakenBack == "" {
			return tr.End == "paid", nil
		}
		return p.takeBack(ctx, tr, t)
	case "error":
		why := t.GetPaymentErrors()[0]
		i := slices.IndexFunc(tr.Errors, func(s play.Step) bool { return s.Code == why.GetCode() })
		if i < 0 || tr.Errors[i].Who != why.GetActor() {
			return false, fmt.Errorf("ошибка %s, действует %s: этого не ждали", why.GetCode(), why.GetActor())
		}
		p.seen.note(t.GetId(), why, tr.Errors[i].Cure)
		if err := p.perform(ctx, tr.Errors[i], t); err != nil {
			return false, fmt.Errorf("%s: %w", why.GetCode(), err)
		}
		return tr.Errors[i].Cure == "", nil
	}
	return t.GetStatus() == tr.End, nil
}

// takeBack lets the world take the payment, or the receipt, of a paid task back, once: it is
// over when the world has it once more.
func (p *Player) takeBack(ctx context.Context, tr play.Trouble, t *taskv1.Task) (over bool, err error) {
	if tr.TakenBack == play.Receipt {
		made, err := books(ctx, p.Tax, t.GetTitle())
		if err != nil || len(made) > 1 {
			return len(made) > 1, err
		}
		return false, order(ctx, p.Tax+"/sandbox/annulments", sandbox.Annulment{INN: made[0].INN, Receipt: made[0].Extra["receipt_id"]})
	}
	sent, err := books(ctx, p.Bank, t.GetTitle())
	if err != nil || len(sent) > 1 {
		return len(sent) > 1, err
	}
	return false, order(ctx, p.Bank+"/sandbox/word", stage.Word{ID: sent[0].ID, State: stage.Returned})
}

// perform does what the cure says.
func (p *Player) perform(ctx context.Context, s play.Step, t *taskv1.Task) error {
	id := t.GetExecutor().GetExecutorId()
	i, err := p.executorOf(t)
	if err != nil {
		return err
	}
	x := p.play.Executors[i]
	switch s.Cure {
	case play.GivesRequisites:
		_, err := p.executors.SetRequisites(ctx, &executorv1.SetRequisitesRequest{
			Book: p.Book, Key: "play:requisites:" + x.Ref, ExecutorId: id, Requisites: requisites(x.Later),
		})
		return err
	case play.GivesPapers:
		person := p.person(i)
		p.identify(person, i)
		_, err := p.executors.UpdateExecutor(ctx, &executorv1.UpdateExecutorRequest{
			Book: p.Book, Key: "play:papers:" + x.Ref, ExecutorId: id, Nonresident: x.Nonresident, Person: person,
		})
		return err
	case play.TakesKindBack:
		return p.changeKind(ctx, x, x.Kind, "back")
	case play.Permits:
		if err := p.permit(ctx, x.Ref, id); err != nil {
			return err
		}
		return p.goOn(ctx, t)
	case play.Retries:
		return p.retry(ctx, t)
	case play.CallsOff:
		return p.callOff(ctx, t.GetId(), fmt.Sprint(t.GetVersion()))
	case play.MakesRoom:
		if err := p.callOff(ctx, p.lines[s.Line], "room"); err != nil {
			return err
		}
		return p.retry(ctx, t)
	case play.RaisesLimits:
		if _, err := p.agree(ctx, "play:limits:raised", p.play.Company.Raised); err != nil {
			return err
		}
		return p.goOn(ctx, t)
	case play.BankPays:
		sent, err := books(ctx, p.Bank, t.GetTitle())
		if err != nil {
			return err
		}
		return order(ctx, p.Bank+"/sandbox/word", stage.Word{ID: sent[0].ID, State: stage.Executed})
	case "":
		return nil
	}
	return fmt.Errorf("исправления %q нет", s.Cure)
}

// executorOf is which of the play's people a task's executor is.
func (p *Player) executorOf(t *taskv1.Task) (int, error) {
	id := t.GetExecutor().GetExecutorId()
	i := slices.IndexFunc(p.play.Executors, func(x play.Executor) bool { return p.people[x.Ref] == id })
	if i < 0 {
		return 0, fmt.Errorf("исполнителя %s нет в пьесе", id)
	}
	return i, nil
}

// permit asks the tax service to ask the person, and waits until he has said yes.
func (p *Player) permit(ctx context.Context, ref, id string) error {
	_, err := p.executors.BindExecutor(ctx, &executorv1.BindExecutorRequest{Book: p.Book, Key: "play:bind:" + ref, ExecutorId: id})
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		r, err := p.executors.GetSelfemployed(ctx, &executorv1.GetSelfemployedRequest{Book: p.Book, ExecutorId: id})
		if err != nil || r.GetSelfemployed().GetStatus() == "validated" {
			return err
		}
		if r.GetSelfemployed().GetState() == "waiting" {
			if _, err := p.executors.CheckSelfemployed(ctx, &executorv1.CheckSelfemployedRequest{Book: p.Book, ExecutorId: id}); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %s", ref, r.GetSelfemployed().GetStatusTitle())
		case <-time.After(look):
		}
	}
}

// patience is how long a payment has to go on by itself before somebody retries it.
const patience = 2 * time.Second

// goOn leaves a stopped payment to go on by itself, as it does when the engine hears that the
// cause is gone. One that stops only after that was heard, by an answer that is older, would
// wait for its next pause: it is retried.
func (p *Player) goOn(ctx context.Context, t *taskv1.Task) error {
	for until := time.Now().Add(patience); time.Now().Before(until); {
		r, err := p.tasks.GetTask(ctx, &taskv1.GetTaskRequest{Book: p.Book, TaskId: t.GetId()})
		if err != nil || r.GetTask().GetStatus() != "error" {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
	}
	return p.retry(ctx, t)
}

// retry goes on with a payment. The key is that of this stop, so that a restarted player
// retries once; a task that has gone on by itself meanwhile needs none.
func (p *Player) retry(ctx context.Context, t *taskv1.Task) error {
	_, err := p.tasks.RetryTask(ctx, &taskv1.RetryTaskRequest{
		Book: p.Book, Key: fmt.Sprintf("play:retry:%s:%d", t.GetId(), t.GetVersion()), TaskId: t.GetId(),
	})
	if connect.CodeOf(err) == connect.CodeFailedPrecondition {
		return nil
	}
	return err
}

// callOff cancels a task, once.
func (p *Player) callOff(ctx context.Context, id, when string) error {
	_, err := p.tasks.CancelTask(ctx, &taskv1.CancelTaskRequest{Book: p.Book, Key: "play:cancel:" + id + ":" + when, TaskId: id})
	return err
}

// agree sets the limits of the company's own payments from today on, and gives where the books then stand.
func (p *Player) agree(ctx context.Context, key string, to []play.Limit) (position string, err error) {
	req := &companyv1.SetLimitsRequest{Book: p.Book, Key: key, CompanyId: p.company.GetCompanyId()}
	for _, l := range to {
		req.Limits = append(req.Limits, &companyv1.PaymentLimit{Scope: l.Scope, Way: l.Way, Most: l.Most, Count: l.Count})
	}
	r, err := p.companies.SetLimits(ctx, req)
	return r.GetPosition(), err
}
