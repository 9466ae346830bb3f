package document

import (
	"context"
	"strings"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/sign"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// linkSecret is the secret part of the link by which an executor signs a document of a
// task: another executor has another one.
func (s *Service) linkSecret(taskID, kind, executor string) string {
	return s.Vault.Link(sign.PurposeLink, sign.LinkOf(taskID, kind, executor), sign.LinkNumber)
}

// signingURI is where an executor signs; the secret stands behind #, so that no server's
// log has it.
func (s *Service) signingURI(book, taskID, kind, executor string) string {
	return s.site + SignPath + book + "/" + taskID + "/" + kind + "#" + s.linkSecret(taskID, kind, executor)
}

// Links are where a document of a task is downloaded, and where the executor signs it; "" when
// there is none, or it is not to be signed.
func (s *Service) Links(book, kind string, a gate.Aggregate, d *flowv1.TaskData) (file, signing string) {
	p := &paper{book: book, kind: kind, task: a, data: d}
	if p.exists() != nil {
		return "", ""
	}
	file = s.site + gate.ProductPath + "tasks/" + a.ID + "/" + kind // product.md has the paths
	if p.standing() == signingOpen {
		signing = s.signingURI(book, a.ID, kind, d.GetExecutorId())
	}
	return file, signing
}

// signingLimits keep work away: a secret of 256 bits is not guessed, and codes are counted by
// the log. Many people may sign from behind one address.
func signingLimits(now func() time.Time) gate.Limits {
	return gate.Limits{Address: gate.NewLimiter(now, 300, 200*time.Millisecond), Person: gate.NewLimiter(now, 60, time.Second)}
}

// linked reads what a link leads to. Whatever is wrong with it, the answer is one.
func (s *Service) linked(ctx context.Context, link string) (*paper, string, error) {
	dead := fault.Refuse(fault.NotFound, "link", "the link leads nowhere")
	parts := strings.Split(link, "/")
	if len(parts) != 4 || parts[2] != sign.Agreement && parts[2] != sign.Act || flow.CheckID("link", parts[1]) != nil || flow.CheckID("link", parts[0]) != nil {
		return nil, "", dead
	}
	if refusal := s.signings.Admit(gate.CallOf(ctx).Address, ""); refusal != nil {
		return nil, "", refusal
	}
	found, _, err := s.Load(ctx, parts[0], task.Name, parts[1])
	if err != nil {
		return nil, "", err
	}
	data := new(flowv1.TaskData)
	a, ok := found[parts[1]]
	if ok {
		if err := a.Read(data); err != nil {
			return nil, "", err
		}
	}
	right := private.Same(parts[3], s.linkSecret(parts[1], parts[2], data.GetExecutorId()))
	if !right || !ok || data.GetExecutorId() == "" {
		return nil, "", dead
	}
	// Of the person's own tries are only those with his link: nobody else keeps him out.
	if refusal := s.signings.AdmitPerson(parts[1]); refusal != nil {
		return nil, "", refusal
	}
	p, err := s.paper(ctx, parts[0], a, parts[2])
	if err != nil {
		return nil, "", err
	}
	p.by, p.unproven, err = s.executors.MaySign(ctx, parts[0], p.who)
	return p, parts[3], err
}

// SendSigningLink implements DocumentService.
func (s *Service) SendSigningLink(ctx context.Context, req *documentv1.SendSigningLinkRequest) (*documentv1.SendSigningLinkResponse, error) {
	a, err := s.Must(ctx, req.GetBook(), task.Name, "task_id", req.GetTaskId())
	if err != nil {
		return nil, err
	}
	p := &paper{book: req.GetBook(), kind: req.GetDocument(), task: a, data: new(flowv1.TaskData)}
	if err := a.Read(p.data); err != nil {
		return nil, err
	}
	if refusal := p.exists(); refusal != nil {
		return nil, refusal
	}
	if p.standing() != signingOpen {
		return nil, fault.Refuse(fault.WrongState, "document", "the document is %s", p.standing()).With("state", a.State)
	}
	if err := s.parties(ctx, p); err != nil {
		return nil, err
	}
	out := &documentv1.SendSigningLinkResponse{Channel: sign.SMS, Address: private.MaskPhone(p.executor.GetPhone())}
	if p.executor.GetPhone() == "" {
		out.Channel, out.Address = sign.Mail, private.MaskEmail(p.executor.GetEmail())
		if p.executor.GetEmail() == "" {
			return nil, fault.Refuse(fault.WrongState, "phone", "the executor's profile has neither phone nor mail address").With("state", a.State)
		}
	}
	o, err := s.keyed(ctx, req.GetBook(), "SendSigningLink", req.GetKey(), req, func(c *gate.Change) error {
		c.Flow, c.ID, c.Owner, c.Event = sign.Name, sign.ID(a.ID, req.GetDocument()), a.Owner, sign.Invite
		if c.Fresh() {
			c.Say(&flowv1.SignInvite{TaskId: a.ID, CompanyId: p.data.GetCompanyId(), Document: req.GetDocument(), ExecutorId: p.data.GetExecutorId(), Channel: out.Channel})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if o.Refusal != nil {
		return nil, gate.IDField(o.Refusal, "task_id")
	}
	data := new(flowv1.SignData)
	if err := gate.FromRecord(o.Record).Read(data); err != nil {
		return nil, err
	}
	out.Times, out.Position, out.Replayed = data.GetLinks(), gate.IDOf(o.Record), o.Replayed
	return out, nil
}
