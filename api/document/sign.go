package document

import (
	"context"
	"encoding/hex"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/document"
	flowexecutor "github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/sign"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/press"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// Where a document stands for whoever is to sign it.
const (
	signingOpen   = "open"
	signingDone   = "signed"
	signingClosed = "closed"

	signingIdentity = "identity" // nothing is shown
	signingDisputed = "disputed" // the same
)

// signing says whether the executor can sign the document now.
func (p *paper) standing() string {
	signed, open := p.data.GetExecutorSignedAt() != "", p.task.State == task.Draft
	if p.kind == sign.Act {
		signed, open = p.data.GetActExecutorSignedAt() != "", p.task.State == task.InWork
	}
	switch {
	case p.data.GetPhase() == flowv1.TaskPhase_TASK_PHASE_HOLD, signed && p.task.State != task.Draft:
		return signingDone
	case open:
		return signingOpen
	}
	return signingClosed
}

// GetSigning implements DocumentService.
func (s *Service) GetSigning(ctx context.Context, req *documentv1.GetSigningRequest) (*documentv1.GetSigningResponse, error) {
	p, _, err := s.linked(ctx, req.GetLink())
	if err != nil {
		return nil, err
	}
	out := &documentv1.GetSigningResponse{Customer: p.customer.GetName(), Phone: private.MaskPhone(p.executor.GetPhone()), State: p.standing()}
	if p.unproven != nil {
		out.Needs = p.unproven.Facts[executor.FactNeeds]
	}
	switch {
	case p.who.State == flowexecutor.Disputed:
		out.State = signingDisputed
		return out, nil
	case p.by == flowexecutor.Unproven:
		out.State = signingIdentity
		return out, nil
	}
	if p.standing() == signingOpen {
		if err := s.viewed(ctx, p); err != nil {
			return nil, err
		}
	}
	if out.Document, err = s.documentMessage(ctx, p); err != nil {
		return nil, err
	}
	out.Title, out.Amount = p.file.GetValues()["title"], p.data.GetSum().GetGross()
	if p.state == sign.Asked && p.signing.GetSha256() == p.sha256 {
		out.CodeUntil = stampTime(sign.Until(p.signing))
		if code := p.signing.GetUnsent(); code != "" {
			out.Unsent = fault.Code(code).Lookup().Russian
		}
	}
	return out, nil
}

// ConfirmSigner implements DocumentService.
func (s *Service) ConfirmSigner(ctx context.Context, req *documentv1.ConfirmSignerRequest) (*documentv1.ConfirmSignerResponse, error) {
	p, _, err := s.linked(ctx, req.GetLink())
	if err != nil {
		return nil, err
	}
	if p.who.State == flowexecutor.Disputed {
		return nil, p.unproven
	}
	return &documentv1.ConfirmSignerResponse{}, s.executors.ConfirmINN(ctx, p.book, p.who, req.GetInn())
}

// DisputeSigning implements DocumentService.
func (s *Service) DisputeSigning(ctx context.Context, req *documentv1.DisputeSigningRequest) (*documentv1.DisputeSigningResponse, error) {
	p, _, err := s.linked(ctx, req.GetLink())
	if err != nil {
		return nil, err
	}
	seen := p.who.Data.GetSettledCode()
	if p.who.State == flowexecutor.Disputed || seen != "" && seen == p.who.Data.GetBlockedCode() {
		return &documentv1.DisputeSigningResponse{}, nil // it is looked at, or support has seen that it is so
	}
	if p.who.Data.GetPhoneVouched() { // or whoever has the link keeps the person from his money for ever
		return nil, fault.Refuse(fault.WrongState, "link", "support has seen whose phone it is; who says otherwise turns to it").With("state", p.who.State)
	}
	_, err = s.executors.Dispute(ctx, p.book, gate.NewID(), p.who.ID, flowexecutor.DisputedByPerson, p.task.ID)
	return &documentv1.DisputeSigningResponse{}, err
}

// viewID names the first time that a file was shown to its executor.
func (p *paper) viewID() string { return sign.ID(p.task.ID, p.kind) + "-" + p.sha256[:16] }

// viewed notes the first time that a file was shown; later ones change nothing.
func (s *Service) viewed(ctx context.Context, p *paper) error {
	docs, err := s.Vault.SigningViews(ctx, p.book, private.Ref{ID: p.viewID(), Version: 1})
	if err != nil || len(docs) > 0 {
		return err
	}
	draft := s.Vault.Draft(p.book)
	draft.SigningView(p.data.GetExecutorId(), p.viewID(), &privatev1.SigningView{
		At: s.moment(), Address: gate.CallOf(ctx).Address, UserAgent: gate.CallOf(ctx).UserAgent(),
	})
	if err := draft.Put(ctx); err != nil && !gate.IsTaken(err) {
		return err
	}
	return nil
}

// moment is now, as evidence keeps it.
func (s *Service) moment() string { return s.Now().UTC().Format(time.RFC3339Nano) }

// ready refuses a document that cannot be signed now, or is another file by now.
func (p *paper) ready(sha256 string) *fault.Refusal {
	if p.standing() != signingOpen {
		return fault.Refuse(fault.WrongState, "document", "the document is %s", p.standing()).With("state", p.task.State)
	}
	if sha256 != p.sha256 {
		return changed(p)
	}
	return nil
}

func changed(p *paper) *fault.Refusal {
	return fault.Refuse(fault.WrongState, "document_sha256", "the document has changed meanwhile: it is to be seen and signed anew").
		With("state", p.task.State).With("sha256", p.sha256)
}

// RequestCode implements DocumentService.
func (s *Service) RequestCode(ctx context.Context, req *documentv1.RequestCodeRequest) (*documentv1.RequestCodeResponse, error) {
	p, _, err := s.linked(ctx, req.GetLink())
	if err != nil {
		return nil, err
	}
	if p.unproven != nil {
		return nil, p.unproven
	}
	if refusal := p.ready(req.GetDocumentSha256()); refusal != nil {
		return nil, refusal
	}
	if p.executor.GetPhone() == "" {
		return nil, fault.Refuse(fault.WrongState, "phone", "the executor's profile has no phone: no code can be sent").With("state", p.task.State)
	}
	if p.state == sign.Locked {
		return nil, fault.Refuse(fault.TooOften, "code", "codes and tries are used up; the signing rests for a day")
	}
	after, err := s.tellSigning(ctx, p, sign.Code, &flowv1.SignCode{
		TaskId: p.task.ID, CompanyId: p.data.GetCompanyId(), Document: p.kind, ExecutorId: p.data.GetExecutorId(), ProfileVersion: p.profile,
		Sha256: p.sha256, Template: p.file.GetTemplate(), Terms: task.Terms(p.data),
	})
	if err != nil {
		return nil, err
	}
	data := new(flowv1.SignData)
	if err := after.Read(data); err != nil {
		return nil, err
	}
	if after.State == sign.Locked {
		return nil, fault.Refuse(fault.TooOften, "code", "codes and tries are used up; the signing rests for a day")
	}
	return &documentv1.RequestCodeResponse{Phone: private.MaskPhone(p.executor.GetPhone()), Until: stampTime(sign.Until(data))}, nil
}

// tellSigning sends an event to a signing, and gives it as it stands then.
func (s *Service) tellSigning(ctx context.Context, p *paper, event string, body proto.Message) (gate.Aggregate, error) {
	c := &gate.Change{Key: "signing:" + gate.NewID(), Flow: sign.Name, ID: sign.ID(p.task.ID, p.kind), Owner: p.data.GetCompanyId(), Event: event}
	c.Say(body)
	o := s.SubmitChanges(ctx, p.book, false, []*gate.Change{c})[0]
	if o.Refusal != nil {
		return gate.Aggregate{}, o.Refusal
	}
	return gate.FromRecord(o.Record), nil
}

// Sign implements DocumentService.
func (s *Service) Sign(ctx context.Context, req *documentv1.SignRequest) (*documentv1.SignResponse, error) {
	p, secret, err := s.linked(ctx, req.GetLink())
	if err != nil {
		return nil, err
	}
	if p.standing() == signingDone && p.sha256 == req.GetDocumentSha256() && p.signing.GetSignature() != nil {
		return s.signed(ctx, p) // the same again, after an answer that was lost
	}
	if p.unproven != nil {
		return nil, p.unproven
	}
	if refusal := p.ready(req.GetDocumentSha256()); refusal != nil {
		return nil, refusal
	}
	if p.state != sign.Asked || p.signing.GetCode().GetAt() == "" {
		return nil, fault.Refuse(fault.CodeExpired, "code", "no code is out: ask for one")
	}
	number := p.signing.GetCode().GetNumber()
	code := s.Vault.Code(sign.Purpose, sign.ID(p.task.ID, p.kind), number)
	if !private.Same(req.GetCode(), code) {
		if _, err := s.tellSigning(ctx, p, sign.Wrong, &flowv1.SignEntry{Number: number}); err != nil {
			return nil, err
		}
		return nil, fault.Refuse(fault.CodeWrong, "code", "the code is not the one that was sent")
	}
	draft := s.Vault.Draft(p.book)
	e := s.evidence(ctx, p, sideExecutor)
	e.Phone, e.LinkSha256, e.CodeNumber, e.Wrong = p.executor.GetPhone(), press.SHA256([]byte(secret)), number, p.signing.GetCode().GetWrong()
	e.PhoneProof = string(p.by)
	e.CodeHmac, e.IssuedAt = hex.EncodeToString(s.Vault.Digest("signing code", &documentv1.SignRequest{Link: req.GetLink(), Code: code})), p.signing.GetCode().GetAt()
	if err := s.opened(ctx, p, e); err != nil {
		return nil, err
	}
	id, sum := draft.SigningEvidence(p.data.GetExecutorId(), e)
	draft.SignedFile(p.data.GetExecutorId(), p.sha256, p.file)
	if err := draft.Put(ctx); err != nil {
		return nil, err
	}
	if _, err := s.tellSigning(ctx, p, sign.Confirm, &flowv1.SignEntry{Number: number, Sha256: p.sha256, Evidence: id, EvidenceSha256: sum}); err != nil {
		return nil, err
	}
	return s.signed(ctx, p)
}

// evidence begins what proves a signature.
func (s *Service) evidence(ctx context.Context, p *paper, side string) *privatev1.SigningEvidence {
	e := &privatev1.SigningEvidence{
		TaskId: p.task.ID, Document: p.kind, Sha256: p.sha256, Template: p.file.GetTemplate(), Side: side,
		EnteredAt: s.moment(), Address: gate.CallOf(ctx).Address, UserAgent: gate.CallOf(ctx).UserAgent(), Rules: sign.Rules(),
		Signer: document.FullName(p.executor), Inn: p.executor.GetInn(),
	}
	if side == sideCustomer {
		e.Signer, e.Inn = p.customer.GetName(), p.customer.GetInn()
	}
	return e
}

// opened adds when the file was first shown.
func (s *Service) opened(ctx context.Context, p *paper, e *privatev1.SigningEvidence) error {
	view, ok, err := private.Only(s.Vault.SigningViews(ctx, p.book, private.Ref{ID: p.viewID(), Version: 1}))
	if err != nil || !ok {
		return err
	}
	e.OpenedAt, e.OpenedAddress = view.Content.GetAt(), view.Content.GetAddress()
	return nil
}

// signed waits until the task has taken the signature, and tells what became of it.
func (s *Service) signed(ctx context.Context, p *paper) (*documentv1.SignResponse, error) {
	id := sign.ID(p.task.ID, p.kind)
	found, _, err := s.Load(ctx, p.book, sign.Name, id)
	if err != nil {
		return nil, err
	}
	rows, err := s.Settle(ctx, p.book, sign.Name, []gate.Aggregate{found[id]}, func(a gate.Aggregate) (bool, error) { return a.State == sign.Telling, nil })
	if err != nil {
		return nil, err
	}
	data := new(flowv1.SignData)
	if err := rows[0].Read(data); err != nil {
		return nil, err
	}
	switch rows[0].State {
	case sign.Signed:
		return s.taken(ctx, p, data)
	case sign.Telling:
		return nil, fault.Refuse(fault.Unavailable, "", "the code was right; the task has not answered yet")
	}
	code := fault.WrongState // by now another code was asked for
	if fault.Known(data.GetRefusal()) {
		code = fault.Code(data.GetRefusal())
	}
	return nil, fault.Refuse(code, "document", "the task did not take the signature").With("state", rows[0].State)
}

// taken shows the task after its signature.
func (s *Service) taken(ctx context.Context, p *paper, data *flowv1.SignData) (*documentv1.SignResponse, error) {
	found, _, err := s.Load(ctx, p.book, task.Name, p.task.ID)
	if err != nil {
		return nil, err
	}
	rows, err := s.Accepted(ctx, p.book, []gate.Aggregate{found[p.task.ID]})
	if err != nil {
		return nil, err
	}
	now := new(flowv1.TaskData)
	if err := rows[0].Read(now); err != nil {
		return nil, err
	}
	out := &documentv1.SignResponse{
		TaskStatus: rows[0].State, TaskStatusTitle: s.Title(task.Name, rows[0].State), SignedAt: gate.Instant(data.GetSignature().GetAt()),
	}
	if e := now.GetError(); rows[0].State == task.Draft && e != nil {
		out.Refused = e.GetWords()
	}
	return out, nil
}

// SignDocument implements DocumentService.
func (s *Service) SignDocument(ctx context.Context, req *documentv1.SignDocumentRequest) (*documentv1.SignDocumentResponse, error) {
	a, err := s.Must(ctx, req.GetBook(), task.Name, "task_id", req.GetTaskId())
	if err != nil {
		return nil, err
	}
	side := sideCustomer
	if req.GetSigner() == documentv1.Signer_SIGNER_EXECUTOR {
		if gate.CallOf(ctx).Who.Session != nil {
			return nil, fault.Refuse(fault.PermissionDenied, "signer", "a user of the company does not sign for the executor")
		}
		side = sideExecutor
	}
	event := map[string]string{
		sign.Agreement + sideCustomer: task.Countersign, sign.Agreement + sideExecutor: task.Sign,
		sign.Act + sideCustomer: task.ActSign, sign.Act + sideExecutor: task.ActSignExecutor,
	}[req.GetDocument()+side]
	var outcomes []engine.Outcome
	err = gate.Again(func() error {
		c := s.NewChange("SignDocument", req.GetKey(), req)
		c.Flow, c.ID, c.Owner, c.Event = task.Name, a.ID, a.Owner, event
		if err := s.Recall(ctx, req.GetBook(), c); err != nil {
			return err
		}
		draft := s.Vault.Draft(req.GetBook())
		if c.Fresh() {
			if err := s.fillSignature(ctx, req, a, side, c, draft); err != nil {
				return err
			}
		}
		outcomes, err = s.Commit(ctx, req.GetBook(), draft, false, []*gate.Change{c})
		return err
	})
	if err != nil {
		return nil, err
	}
	o := outcomes[0]
	if o.Refusal != nil {
		return nil, gate.IDField(o.Refusal, "task_id")
	}
	rows, err := s.Accepted(ctx, req.GetBook(), []gate.Aggregate{gate.FromRecord(o.Record)})
	if err != nil {
		return nil, err
	}
	p := &paper{book: req.GetBook(), kind: req.GetDocument(), task: rows[0], data: new(flowv1.TaskData)}
	if err := rows[0].Read(p.data); err != nil {
		return nil, err
	}
	out := &documentv1.SignDocumentResponse{TaskStatus: rows[0].State, Position: gate.PositionOf(outcomes), Replayed: o.Replayed}
	out.Signatures, err = s.signatures(ctx, p)
	return out, err
}

// fillSignature says the command of a signature by a key, and writes the file and the evidence.
func (s *Service) fillSignature(ctx context.Context, req *documentv1.SignDocumentRequest, a gate.Aggregate, side string, c *gate.Change, draft *private.Draft) error {
	p, err := s.paper(ctx, req.GetBook(), a, req.GetDocument())
	if err != nil {
		return err
	}
	if p.sha256 != req.GetDocumentSha256() {
		return changed(p)
	}
	e := s.evidence(ctx, p, side)
	e.Key = gate.CallOf(ctx).Who.ID
	id, sum := draft.SigningEvidence(p.data.GetExecutorId(), e)
	draft.SignedFile(p.data.GetExecutorId(), p.sha256, p.file)
	c.Say(&flowv1.TaskSign{Terms: task.Terms(p.data), Signature: &flowv1.Signature{
		Sha256: p.sha256, Template: p.file.GetTemplate(), Evidence: id, EvidenceSha256: sum, Method: task.MethodKey,
	}})
	return nil
}

// stampTime is a moment for the API; nil of none.
func stampTime(at time.Time, ok bool) *timestamppb.Timestamp {
	if !ok {
		return nil
	}
	return timestamppb.New(at)
}

// Accepted waits until the executors' years have said whether there is room for tasks
// that were just accepted: the caller sees the task in work, or refused with what is
// still free.
func (s *Service) Accepted(ctx context.Context, book string, rows []gate.Aggregate) ([]gate.Aggregate, error) {
	return s.Settle(ctx, book, task.Name, rows, holding)
}

// holding says whether a task waits for room under the executor's cap.
func holding(a gate.Aggregate) (bool, error) {
	if a.State != task.Draft {
		return false, nil
	}
	d := new(flowv1.TaskData)
	err := a.Read(d)
	return d.GetPhase() == flowv1.TaskPhase_TASK_PHASE_HOLD, err
}
