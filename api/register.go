package api

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	registerv1 "github.com/provodka/provodka/proto/gen/provodka/register/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// registerService is RegisterService.
type registerService struct{ *Server }

// linesAtOnce is how many lines of a register are made into tasks together.
const linesAtOnce = 1000

// ImportRegister implements RegisterService.
func (s registerService) ImportRegister(ctx context.Context, req *registerv1.ImportRegisterRequest) (*registerv1.ImportRegisterResponse, error) {
	file, refusal := s.cfg.Registers.ReadRegister(req.GetFile())
	if refusal != nil {
		return nil, fileRefusal(refusal)
	}
	if _, refusal, err := s.tariffOf(ctx, req.GetBook(), req.GetCompanyId()); err != nil || refusal != nil {
		return nil, orRefusal(err, refusal)
	}
	id := s.cfg.Vault.RegisterID(req.GetBook(), req.GetCompanyId(), req.GetFile())
	before, known, err := private.Only(s.cfg.Vault.Registers(ctx, req.GetBook(), private.Ref{ID: id}))
	if err != nil {
		return nil, err
	}
	made, outcomes, err := s.importLines(ctx, req, id, file)
	if err != nil {
		return nil, err
	}
	answer := &registerv1.ImportRegisterResponse{AlreadyImported: known, Position: positionOf(outcomes)}
	doc := &privatev1.RegisterFile{CompanyId: req.GetCompanyId(), FileName: req.GetFileName(), Errors: file.Errors()}
	if known {
		doc.FileName = before.Content.GetFileName()
	}
	for _, r := range file.Refused() {
		made[r.Number] = lineRefused(r)
		doc.Lines = append(doc.Lines, lineDocument(r))
	}
	for _, r := range made {
		answer.Results = append(answer.Results, r)
		if r.GetTaskId() != "" {
			doc.Lines = append(doc.Lines, &privatev1.RegisterLine{Line: r.GetLine(), TaskId: r.GetTaskId()})
		}
	}
	slices.SortFunc(answer.Results, func(a, b *registerv1.LineResult) int { return int(a.GetLine()) - int(b.GetLine()) })
	slices.SortFunc(doc.Lines, func(a, b *privatev1.RegisterLine) int { return int(a.GetLine()) - int(b.GetLine()) })
	if doc, before, err = s.keep(ctx, req.GetBook(), id, doc, before, known); err != nil {
		return nil, err
	}
	answer.Register = registerMessage(id, doc, before)
	return answer, nil
}

// keep writes what became of the register, when the import changed it. A faster
// import of the same file kept the same.
func (s registerService) keep(ctx context.Context, book, id string, doc *privatev1.RegisterFile, before private.Register, known bool) (*privatev1.RegisterFile, private.Register, error) {
	if known && proto.Equal(doc, before.Content) {
		return doc, before, nil
	}
	draft := s.cfg.Vault.Draft(book)
	draft.Register(id, before.Version+1, doc)
	if err := draft.Put(ctx); err != nil && !isTaken(err) {
		return nil, before, err
	}
	if known {
		return doc, before, nil
	}
	kept, _, err := private.Only(s.cfg.Vault.Registers(ctx, book, private.Ref{ID: id, Version: 1}))
	return doc, kept, err
}

// importLines makes tasks of the good lines; a line whose task is refused goes to
// the error register.
func (s registerService) importLines(ctx context.Context, req *registerv1.ImportRegisterRequest, id string, file port.Register) (map[int]*registerv1.LineResult, []engine.Outcome, error) {
	made := map[int]*registerv1.LineResult{}
	var all []engine.Outcome
	for lines := range slices.Chunk(file.Lines(), linesAtOnce) {
		items := make([]newTask, len(lines))
		for i, l := range lines {
			items[i] = newTask{key: id + "." + strconv.Itoa(l.Number), draft: lineDraft(l), register: id, line: uint32(l.Number)}
		}
		outcomes, err := s.createTasks(ctx, req.GetBook(), req.GetCompanyId(), items)
		if err != nil {
			return nil, nil, err
		}
		for i, o := range outcomes {
			number := lines[i].Number
			switch {
			case o.Refusal == nil:
				made[number] = &registerv1.LineResult{Line: uint32(number), TaskId: o.Record.GetMove().GetId(), Replayed: o.Replayed}
			case o.Refusal.Code.Lookup().Retry == fault.RetrySame:
				return nil, nil, o.Refusal // nothing is lost: the same file goes on where it stopped
			default:
				file.Refuse(number, columnRefusal(o.Refusal, lines[i].Net))
			}
		}
		all = append(all, outcomes...)
	}
	return made, all, nil
}

// lineDraft is a line as a draft of a task.
func lineDraft(l port.RegisterLine) *taskv1.TaskDraft {
	d := &taskv1.TaskDraft{
		Title: l.Title, Description: l.Description, Category: l.Category, EmploymentKind: l.Kind,
		Executor:   &taskv1.ExecutorRef{ExecutorInn: l.ExecutorINN, Executor: l.ExecutorPhone},
		PeriodFrom: l.PeriodFrom, PeriodTo: l.PeriodTo, AdditionalInfo: l.AdditionalInfo,
		ActRequired: l.ActRequired, Autocomplete: l.Autocomplete, DocumentNumber: l.DocumentNumber, DocumentDate: l.DocumentDate,
	}
	if l.Net {
		d.AmountNet = money.RUB.Format(l.Amount)
	} else {
		d.AmountGross = money.RUB.Format(l.Amount)
	}
	return d
}

// columns are the register's names of a task's fields.
var columns = map[string]string{
	"executor.executor_inn": "executor_inn", "executor.executor": "executor_phone", "executor.kind": "employment_kind",
	"kind": "employment_kind", "price": "amount_gross",
}

// columnRefusal names the register's column instead of the task's field.
func columnRefusal(r *fault.Refusal, net bool) *fault.Refusal {
	out := *r
	if column, ok := columns[r.Field]; ok {
		out.Field = column
	}
	if out.Field == "amount_gross" && net {
		out.Field = "amount_net"
	}
	return &out
}

// fileRefusal puts the place in a file under the request's field.
func fileRefusal(r *fault.Refusal) *fault.Refusal {
	if r.Field == "" {
		r.Field = "file"
	} else {
		r.Field = "file: " + r.Field
	}
	return r
}

func orRefusal(err error, r *fault.Refusal) error {
	if err != nil {
		return err
	}
	return r
}

func lineRefused(r port.RefusedLine) *registerv1.LineResult {
	out := &registerv1.LineResult{Line: uint32(r.Number)}
	for _, refusal := range r.Refusals {
		out.Refusals = append(out.Refusals, refusalMessage(refusal))
	}
	return out
}

func lineDocument(r port.RefusedLine) *privatev1.RegisterLine {
	out := &privatev1.RegisterLine{Line: uint32(r.Number)}
	for _, refusal := range r.Refusals {
		out.Refusals = append(out.Refusals, &privatev1.Refusal{Code: string(refusal.Code), Field: refusal.Field, Reason: refusal.Reason})
	}
	return out
}

func registerMessage(id string, doc *privatev1.RegisterFile, first private.Register) *registerv1.Register {
	out := &registerv1.Register{
		RegisterId: id, CompanyId: doc.GetCompanyId(), FileName: doc.GetFileName(), Lines: uint32(len(doc.GetLines())),
		ImportedAt: timestamppb.New(first.Created),
	}
	for _, l := range doc.GetLines() {
		if l.GetTaskId() != "" {
			out.Accepted++
		} else {
			out.Refused++
		}
	}
	return out
}

// GetRegister implements RegisterService.
func (s registerService) GetRegister(ctx context.Context, req *registerv1.GetRegisterRequest) (*registerv1.GetRegisterResponse, error) {
	doc, first, err := s.find(ctx, req.GetBook(), req.GetRegisterId())
	if err != nil {
		return nil, err
	}
	answer := &registerv1.GetRegisterResponse{Register: registerMessage(req.GetRegisterId(), doc.Content, first)}
	for _, l := range doc.Content.GetLines() {
		r := &registerv1.LineResult{Line: l.GetLine(), TaskId: l.GetTaskId(), Replayed: true}
		for _, refusal := range l.GetRefusals() {
			r.Refusals = append(r.Refusals, storedRefusal(refusal))
		}
		answer.Results = append(answer.Results, r)
	}
	return answer, nil
}

func storedRefusal(r *privatev1.Refusal) *ledgerv1.Refusal {
	if !fault.Known(r.GetCode()) {
		return &ledgerv1.Refusal{Code: r.GetCode(), Field: r.GetField(), Reason: r.GetReason()}
	}
	return refusalMessage(&fault.Refusal{Code: fault.Code(r.GetCode()), Field: r.GetField(), Reason: r.GetReason()})
}

// DownloadErrors implements RegisterService.
func (s registerService) DownloadErrors(ctx context.Context, req *registerv1.DownloadErrorsRequest) (*registerv1.DownloadErrorsResponse, error) {
	doc, _, err := s.find(ctx, req.GetBook(), req.GetRegisterId())
	if err != nil {
		return nil, err
	}
	answer := &registerv1.DownloadErrorsResponse{File: doc.Content.GetErrors()}
	if len(answer.GetFile()) > 0 {
		answer.FileName = "errors-" + req.GetRegisterId() + ".csv"
	}
	return answer, nil
}

// find reads a register as it stands and as it was first.
func (s registerService) find(ctx context.Context, book, id string) (doc, first private.Register, err error) {
	doc, ok, err := private.Only(s.cfg.Vault.Registers(ctx, book, private.Ref{ID: id}))
	if err != nil {
		return doc, first, err
	}
	if !ok {
		return doc, first, notFound("register_id", "register", id)
	}
	first, ok, err = private.Only(s.cfg.Vault.Registers(ctx, book, private.Ref{ID: id, Version: 1}))
	if err == nil && !ok {
		err = fmt.Errorf("register %s has no first version", id)
	}
	return doc, first, err
}
