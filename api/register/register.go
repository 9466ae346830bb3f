package register

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/api/task"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	registerv1 "github.com/provodka/provodka/proto/gen/provodka/register/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// Service is RegisterService.
type Service struct {
	*gate.Gate
	tasks *task.Service
	files port.RegisterReader
	room  chan struct{} // of uploads
}

// New makes the service; files reads what callers send.
func New(g *gate.Gate, tasks *task.Service, files port.RegisterReader) *Service {
	return &Service{Gate: g, tasks: tasks, files: files, room: make(chan struct{}, uploadsAtOnce)}
}

// ImportRegister implements RegisterService.
func (s *Service) ImportRegister(ctx context.Context, req *registerv1.ImportRegisterRequest) (*registerv1.ImportRegisterResponse, error) {
	sha := sha256.Sum256(req.GetFile())
	answer := &registerv1.ImportRegisterResponse{}
	im := &importing{book: req.GetBook(), company: req.GetCompanyId(), tell: func(r *registerResult) error {
		answer.Results = append(answer.Results, r.lines...)
		return nil
	}}
	known, err := s.begin(ctx, im, hex.EncodeToString(sha[:]), sha[:], req.GetFileName(), bytes.NewReader(req.GetFile()))
	if err != nil {
		return nil, err
	}
	if err := im.run(ctx); err != nil {
		return nil, fileError(err)
	}
	answer.Register = registerMessage(im.id, known, im.total)
	answer.AlreadyImported = im.total.created == 0 && im.total.replayed > 0
	answer.Position = im.position.String()
	return answer, nil
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

func registerMessage(id string, r private.Register, t registerTally) *registerv1.Register {
	return &registerv1.Register{
		RegisterId: id, CompanyId: r.Content.GetCompanyId(), FileName: r.Content.GetFileName(), ImportedAt: timestamppb.New(r.Created),
		Lines: t.lines, Accepted: t.created + t.replayed, Refused: t.refused,
	}
}

// DownloadTemplate implements RegisterService.
func (s *Service) DownloadTemplate(context.Context, *registerv1.DownloadTemplateRequest) (*registerv1.DownloadTemplateResponse, error) {
	return &registerv1.DownloadTemplateResponse{
		File: s.files.Template(), FileName: "register.csv",
		Instruction: s.files.Instruction(), InstructionName: "register.md",
	}, nil
}

// resultsAtOnce bounds an answer: with the part that passes it, it ends.
const resultsAtOnce = 5000

// GetRegister implements RegisterService.
func (s *Service) GetRegister(ctx context.Context, req *registerv1.GetRegisterRequest) (*registerv1.GetRegisterResponse, error) {
	register, err := s.find(ctx, req.GetBook(), req.GetRegisterId())
	if err != nil {
		return nil, err
	}
	answer := &registerv1.GetRegisterResponse{}
	var total registerTally
	err = s.tasks.RegisterParts(ctx, req.GetBook(), req.GetRegisterId(), func(part *privatev1.RegisterPart) error {
		full := len(answer.Results) >= resultsAtOnce
		for _, l := range part.GetLines() {
			total.lines++
			if l.GetTaskId() != "" {
				total.replayed++
			} else {
				total.refused++
			}
			switch {
			case l.GetLine() <= req.GetAfterLine():
			case full:
				answer.More = true
			default:
				answer.Results = append(answer.Results, lineMessage(l))
			}
		}
		return nil
	})
	answer.Register = registerMessage(req.GetRegisterId(), register, total)
	return answer, err
}

func lineMessage(l *privatev1.RegisterLine) *registerv1.LineResult {
	out := &registerv1.LineResult{Line: l.GetLine(), TaskId: l.GetTaskId(), Replayed: l.GetTaskId() != ""}
	for _, refusal := range l.GetRefusals() {
		out.Refusals = append(out.Refusals, storedRefusal(refusal))
	}
	return out
}

func storedRefusal(r *privatev1.Refusal) *ledgerv1.Refusal {
	if !fault.Known(r.GetCode()) {
		return &ledgerv1.Refusal{Code: r.GetCode(), Field: r.GetField(), Reason: r.GetReason()}
	}
	return gate.RefusalMessage(&fault.Refusal{Code: fault.Code(r.GetCode()), Field: r.GetField(), Reason: r.GetReason()})
}

// errorsAtOnce bounds the error register of an answer that is no stream.
const errorsAtOnce = 4 << 20

// DownloadErrors implements RegisterService.
func (s *Service) DownloadErrors(ctx context.Context, req *registerv1.DownloadErrorsRequest) (*registerv1.DownloadErrorsResponse, error) {
	answer := &registerv1.DownloadErrorsResponse{}
	err := s.errorsOf(ctx, req.GetBook(), req.GetRegisterId(), func(piece []byte) error {
		if len(answer.File)+len(piece) > errorsAtOnce {
			return fault.Refuse(fault.RequestTooLarge, "register_id", "the error register has more than %d bytes; read it with StreamErrors", errorsAtOnce)
		}
		answer.File = append(answer.File, piece...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(answer.GetFile()) > 0 {
		answer.FileName = "errors-" + req.GetRegisterId() + ".csv"
	}
	return answer, nil
}

// StreamErrors implements RegisterService.
func (s *Service) StreamErrors(ctx context.Context, req *registerv1.StreamErrorsRequest, to *connect.ServerStream[registerv1.StreamErrorsResponse]) error {
	return s.errorsOf(ctx, req.GetBook(), req.GetRegisterId(), func(piece []byte) error {
		return to.Send(&registerv1.StreamErrorsResponse{Chunk: piece})
	})
}

// errorsOf gives the error register in pieces; none when no line was refused.
func (s *Service) errorsOf(ctx context.Context, book, id string, give func([]byte) error) error {
	register, err := s.find(ctx, book, id)
	if err != nil {
		return err
	}
	begun := false
	return s.tasks.RegisterParts(ctx, book, id, func(part *privatev1.RegisterPart) error {
		piece := part.GetErrors()
		if len(piece) == 0 {
			return nil
		}
		if !begun {
			begun = true
			piece = append(register.Content.GetErrorHead(), piece...)
		}
		return give(piece)
	})
}

// find reads a register.
func (s *Service) find(ctx context.Context, book, id string) (private.Register, error) {
	register, ok, err := private.Only(s.Vault.Registers(ctx, book, private.Ref{ID: id}))
	if owner := gate.CallOf(ctx).Who.Owner; err == nil && (!ok || owner != "" && register.Content.GetCompanyId() != owner) {
		err = gate.NotFound("register_id", "register", id)
	}
	return register, err
}
