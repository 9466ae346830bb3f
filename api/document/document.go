package document

import (
	"context"
	"time"

	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/document"
	"github.com/provodka/provodka/engine/flow/company"
	flowexecutor "github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/sign"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/monthly"
	"github.com/provodka/provodka/engine/press"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// Service is DocumentService.
type Service struct {
	*gate.Gate
	executors *executor.Service
	drawer    *monthly.Drawer
	press     *press.Press
	site      string // where our pages are
	signings  gate.Limits
}

// New makes the service; the links that it gives begin with site.
func New(g *gate.Gate, executors *executor.Service, drawer *monthly.Drawer, files *press.Press, site string) *Service {
	return &Service{Gate: g, executors: executors, drawer: drawer, press: files, site: site, signings: signingLimits(g.Now)}
}

// paper is a document of a task: as it would be signed now, or as it was signed.
type paper struct {
	book, kind string
	task       gate.Aggregate
	data       *flowv1.TaskData
	signing    *flowv1.SignData // what the signing by a code keeps; empty when none was begun
	state      string           // of that signing; "" = none was begun
	customer   *privatev1.CompanyProfile
	executor   *privatev1.ExecutorProfile
	profile    uint32 // version of the executor's profile
	who        executor.Person
	by         flowexecutor.Proof // of a link: by what it is known that who has the phone is the person
	unproven   *fault.Refusal     // of a link: why he does not sign by it
	file       *privatev1.SignedFile
	sha256     string
}

// paper reads a document of a task, and makes its file when nobody has signed it.
func (s *Service) paper(ctx context.Context, book string, a gate.Aggregate, kind string) (*paper, error) {
	p := &paper{book: book, kind: kind, task: a, data: new(flowv1.TaskData)}
	if err := a.Read(p.data); err != nil {
		return nil, err
	}
	if refusal := p.exists(); refusal != nil {
		return nil, refusal
	}
	if err := s.parties(ctx, p); err != nil {
		return nil, err
	}
	if signed := p.signedAs(); signed != "" {
		doc, ok, err := private.Only(s.Vault.SignedFiles(ctx, book, private.Ref{ID: signed, Version: 1}))
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fault.Refuse(fault.NotFound, "document", "the file with SHA-256 %s is not there any more", signed)
		}
		p.file, p.sha256 = doc.Content, signed
		return p, nil
	}
	return p, s.compose(ctx, p)
}

// exists says whether the task has such a document at all.
func (p *paper) exists() *fault.Refusal {
	manual := p.data.GetSignatureForm() == flowv1.SignatureForm_SIGNATURE_FORM_MANUAL
	switch {
	case p.task.State == task.Deleted:
		return gate.NotFound("task_id", task.Name, p.task.ID)
	case p.data.GetExecutorId() == "":
		return fault.Refuse(fault.WrongState, "document", "the task has no executor, so it has no documents yet").With("state", p.task.State)
	case p.kind == sign.Agreement && manual:
		return fault.Refuse(fault.WrongState, "document", "the agreement was signed outside").With("state", p.task.State)
	case p.kind == sign.Act && !p.data.GetActRequired():
		return fault.Refuse(fault.WrongState, "document", "the task needs no act").With("state", p.task.State)
	}
	return nil
}

// sides are the signatures under a document, the executor's first; nil = not signed with a file.
func (p *paper) sides() (executor, customer *flowv1.Signature) {
	if p.kind == sign.Act {
		return p.data.GetActExecutor(), p.data.GetActCustomer()
	}
	return p.data.GetAgreementExecutor(), p.data.GetAgreementCustomer()
}

// signedAs is the file that somebody signed; "" = nobody.
func (p *paper) signedAs() string {
	executor, customer := p.sides()
	if executor.GetSha256() != "" {
		return executor.GetSha256()
	}
	return customer.GetSha256()
}

// parties reads who signs, and what became of the signing by a code.
func (s *Service) parties(ctx context.Context, p *paper) error {
	people, err := s.executors.People(ctx, p.book, []string{p.data.GetExecutorId()})
	if err != nil {
		return err
	}
	who, ok := people[p.data.GetExecutorId()]
	if !ok || who.Data.GetProfileVersion() == 0 {
		return fault.Refuse(fault.WrongState, "document", "nothing is known of the executor any more").With("state", p.task.State)
	}
	p.who, p.executor, p.profile = who, who.Profile, who.Data.GetProfileVersion()
	c, err := s.Must(ctx, p.book, company.Name, "company_id", p.data.GetCompanyId())
	if err != nil {
		return err
	}
	data := new(flowv1.CompanyData)
	if err := c.Read(data); err != nil {
		return err
	}
	doc, _, err := private.Only(s.Vault.Companies(ctx, p.book, private.Ref{ID: c.ID, Version: data.GetProfileVersion()}))
	if err != nil {
		return err
	}
	p.customer, p.signing = doc.Content, new(flowv1.SignData)
	id := sign.ID(p.task.ID, p.kind)
	found, _, err := s.Load(ctx, p.book, sign.Name, id)
	if err != nil {
		return err
	}
	if signing, ok := found[id]; ok {
		p.state = signing.State
		return signing.Read(p.signing)
	}
	return nil
}

// compose makes the file of a document that nobody has signed yet.
func (s *Service) compose(ctx context.Context, p *paper) error {
	doc, ok, err := private.Only(s.Vault.Tasks(ctx, p.book, private.Ref{ID: p.task.ID, Version: task.TextVersion(p.data)}))
	if err != nil {
		return err
	}
	if !ok {
		return fault.Refuse(fault.WrongState, "task_id", "the texts of the task are not there").With("state", p.task.State)
	}
	zone := s.DB.Zone()
	made, err := time.Parse(time.RFC3339Nano, p.data.GetCreatedAt())
	if err != nil {
		return err
	}
	values := document.Sources{
		TaskID: p.task.ID, Task: p.data, Text: doc.Content, Customer: p.customer, Executor: p.executor,
		Agreed: made.In(zone), Drawn: s.Now().In(zone),
	}.Values()
	template, err := s.templateFor(ctx, p)
	if err != nil {
		return err
	}
	p.file = &privatev1.SignedFile{
		TaskId: p.task.ID, Document: p.kind, Template: template.Version, TemplateText: template.Text, Values: values,
		Made: made.UTC().Format(time.RFC3339Nano),
	}
	if p.file.File, err = s.press.Render(ctx, p.file); err != nil {
		return err
	}
	p.sha256 = press.SHA256(p.file.GetFile())
	return nil
}

// fileNames name the files that people download.
var fileNames = map[string]string{sign.Agreement: "dogovor", sign.Act: "akt"}

// message is a document for the API.
func (s *Service) documentMessage(ctx context.Context, p *paper) (*documentv1.Document, error) {
	out := &documentv1.Document{
		TaskId: p.task.ID, Document: p.kind, File: p.file.GetFile(), FileName: fileNames[p.kind] + "-" + p.task.ID + ".pdf",
		Sha256: p.sha256, Template: p.file.GetTemplate(), Terms: task.Terms(p.data),
	}
	var err error
	out.Signatures, err = s.signatures(ctx, p)
	return out, err
}

// signatures tells who signed, and whether the evidence holds.
func (s *Service) signatures(ctx context.Context, p *paper) ([]*documentv1.Signature, error) {
	executor, customer := p.sides()
	var refs []private.Ref
	for _, g := range []*flowv1.Signature{executor, customer} {
		if g.GetEvidence() != "" {
			refs = append(refs, private.Ref{ID: g.GetEvidence(), Version: 1})
		}
	}
	evidence, err := s.Vault.SigningEvidences(ctx, p.book, refs...)
	if err != nil {
		return nil, err
	}
	var out []*documentv1.Signature
	for _, side := range []struct {
		name string
		sign *flowv1.Signature
	}{{sideExecutor, executor}, {sideCustomer, customer}} {
		g := side.sign
		if g == nil {
			continue
		}
		m := &documentv1.Signature{
			Side: side.name, At: gate.Instant(g.GetAt()), Method: g.GetMethod(), Sha256: g.GetSha256(), EvidenceSha256: g.GetEvidenceSha256(),
			StampedSha256: g.GetStampedSha256(),
		}
		if e, ok := evidence[g.GetEvidence()]; ok {
			m.EvidenceHolds = private.EvidenceSHA256(e.Content) == g.GetEvidenceSha256() && e.Content.GetSha256() == g.GetSha256()
		}
		out = append(out, m)
	}
	return out, nil
}

// Sides of a document.
const (
	sideExecutor = "executor"
	sideCustomer = "customer"
)

// GetDocument implements DocumentService.
func (s *Service) GetDocument(ctx context.Context, req *documentv1.GetDocumentRequest) (*documentv1.GetDocumentResponse, error) {
	a, err := s.Must(ctx, req.GetBook(), task.Name, "task_id", req.GetTaskId())
	if err != nil {
		return nil, err
	}
	p, err := s.paper(ctx, req.GetBook(), a, req.GetDocument())
	if err != nil {
		return nil, err
	}
	signed, withStamps := p.sha256, req.GetStamped() && p.signedAs() != ""
	if withStamps {
		if err := s.stamped(ctx, p); err != nil {
			return nil, err
		}
	}
	out, err := s.documentMessage(ctx, p)
	if err != nil {
		return nil, err
	}
	if withStamps {
		out.SignedSha256 = signed
	}
	return &documentv1.GetDocumentResponse{Document: out}, nil
}

// stamped takes the file with the stamps of those who signed it. It stands under the hash that
// the log has; what is not kept is drawn again, and is the same.
func (s *Service) stamped(ctx context.Context, p *paper) error {
	known := p.stampedAs()
	if known != "" {
		doc, ok, err := private.Only(s.Vault.SignedFiles(ctx, p.book, private.Ref{ID: known, Version: 1}))
		if err != nil {
			return err
		}
		if ok && press.SHA256(doc.Content.GetFile()) == known {
			p.file, p.sha256 = doc.Content, known
			return nil
		}
	}
	file, sum, err := s.press.Stamped(ctx, p.file, p.stamps())
	if err != nil {
		return err
	}
	if known != "" && sum != known {
		return fault.Refuse(fault.NotFound, "document", "the file with SHA-256 %s is not there any more", known)
	}
	p.file, p.sha256 = file, sum
	return nil
}

// stamps are the signatures as they stand.
func (p *paper) stamps() *flowv1.StampAsk {
	executor, customer := p.sides()
	return &flowv1.StampAsk{
		Book: p.book, TaskId: p.task.ID, ExecutorId: p.data.GetExecutorId(), Document: p.kind, CreatedAt: p.data.GetCreatedAt(), Executor: executor, Customer: customer,
	}
}

// stampedAs is the hash that the log has of the file with all stamps; "" = it is not drawn yet.
func (p *paper) stampedAs() string {
	executor, customer := p.sides()
	last := executor
	if executor == nil || customer != nil && gate.Instant(customer.GetAt()).AsTime().After(gate.Instant(executor.GetAt()).AsTime()) {
		last = customer
	}
	return last.GetStampedSha256()
}

// isStamped says whether a hash is that of the file with the stamps that were there at some
// time: the log has it, or it is not in the log yet and drawn again it is the same.
func (s *Service) isStamped(ctx context.Context, p *paper, sum string) (bool, error) {
	executor, customer := p.sides()
	if executor.GetStampedSha256() == sum || customer.GetStampedSha256() == sum {
		return true, nil
	}
	if p.stampedAs() != "" {
		return false, nil
	}
	_, now, err := s.press.Stamped(ctx, p.file, p.stamps())
	return now == sum, err
}

// VerifyDocument implements DocumentService.
func (s *Service) VerifyDocument(ctx context.Context, req *documentv1.VerifyDocumentRequest) (*documentv1.VerifyDocumentResponse, error) {
	sum := req.GetSha256()
	if sum == "" {
		sum = press.SHA256(req.GetFile())
	}
	out := &documentv1.VerifyDocumentResponse{Sha256: sum}
	doc, ok, err := private.Only(s.Vault.SignedFiles(ctx, req.GetBook(), private.Ref{ID: sum, Version: 1}))
	if err != nil || !ok || press.SHA256(doc.Content.GetFile()) != sum {
		if err == nil {
			if month, err := s.verifyClosing(ctx, req.GetBook(), sum); err != nil || month != nil {
				return month, err
			}
		}
		return out, err
	}
	found, _, err := s.Load(ctx, req.GetBook(), task.Name, doc.Content.GetTaskId())
	if err != nil {
		return nil, err
	}
	a, ok := found[doc.Content.GetTaskId()]
	if owner := gate.CallOf(ctx).Who.Owner; !ok || owner != "" && a.Owner != owner {
		return out, nil
	}
	p := &paper{book: req.GetBook(), kind: doc.Content.GetDocument(), task: a, data: new(flowv1.TaskData)}
	if err := a.Read(p.data); err != nil {
		return nil, err
	}
	signed := sum
	if out.Stamped = doc.Content.GetStampedOf() != ""; out.Stamped {
		signed, p.file = doc.Content.GetStampedOf(), doc.Content
	}
	known := p.signedAs() == signed // else it was written, and never signed
	if known && out.Stamped {
		if known, err = s.isStamped(ctx, p, sum); err != nil {
			return nil, err
		}
	}
	if !known {
		return &documentv1.VerifyDocumentResponse{Sha256: sum}, nil
	}
	out.Known, out.TaskId, out.Document, out.Template = true, a.ID, p.kind, doc.Content.GetTemplate()
	out.Signatures, err = s.signatures(ctx, p)
	return out, err
}
