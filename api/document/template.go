package document

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/document"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/sign"
	"github.com/provodka/provodka/engine/flow/template"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// ListPlaceholders implements DocumentService.
func (s *Service) ListPlaceholders(_ context.Context, req *documentv1.ListPlaceholdersRequest) (*documentv1.ListPlaceholdersResponse, error) {
	kind := document.Kind(req.GetKind())
	out := &documentv1.ListPlaceholdersResponse{Typical: document.Typical(kind).Text}
	for _, p := range document.Placeholders(kind) {
		out.Placeholders = append(out.Placeholders, &documentv1.Placeholder{Name: p.Name, Title: p.Russian, Required: slices.Contains(p.Required, kind)})
	}
	return out, nil
}

// SubmitTemplate implements DocumentService.
func (s *Service) SubmitTemplate(ctx context.Context, req *documentv1.SubmitTemplateRequest) (*documentv1.SubmitTemplateResponse, error) {
	if _, err := s.Must(ctx, req.GetBook(), company.Name, "company_id", req.GetCompanyId()); err != nil {
		return nil, err
	}
	text, name := strings.ReplaceAll(req.GetText(), "\r\n", "\n"), gate.OneLine(req.GetName())
	checked, refusal := document.Parse(document.Kind(req.GetKind()), text)
	switch {
	case refusal != nil:
		return nil, refusal
	case private.Words(name) == "":
		return nil, fault.Refuse(fault.Malformed, "name", "a name has letters or digits")
	}
	id := s.Vault.TemplateID(req.GetBook(), req.GetCompanyId(), req.GetKind(), name, checked.Version)
	o, err := s.moveTemplate(ctx, req.GetBook(), "SubmitTemplate", req.GetKey(), req, gate.Aggregate{ID: id, Owner: req.GetCompanyId()}, template.Submit,
		func(draft *private.Draft) (proto.Message, error) {
			draft.Template(id, req.GetCompanyId(), req.GetKind(), 1, &privatev1.TemplateText{Name: name, Text: text})
			return &flowv1.TemplateSubmit{CompanyId: req.GetCompanyId(), Kind: req.GetKind(), Sha256: checked.Version}, nil
		})
	if err != nil {
		return nil, err
	}
	out, err := s.template(ctx, req.GetBook(), gate.FromRecord(o.Record))
	return &documentv1.SubmitTemplateResponse{Template: out, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, err
}

// moveTemplate sends an event to a template; body writes what stands beside it.
func (s *Service) moveTemplate(ctx context.Context, book, method, key string, req proto.Message, a gate.Aggregate, event string,
	body func(*private.Draft) (proto.Message, error),
) (engine.Outcome, error) {
	var outcomes []engine.Outcome
	err := gate.Again(func() error {
		c := s.NewChange(method, key, req)
		c.Flow, c.ID, c.Owner, c.Event = template.Name, a.ID, a.Owner, event
		if err := s.Recall(ctx, book, c); err != nil {
			return err
		}
		draft := s.Vault.Draft(book)
		if c.Fresh() && body != nil {
			m, err := body(draft)
			if err != nil {
				return err
			}
			c.Say(m)
		}
		var err error
		outcomes, err = s.Commit(ctx, book, draft, false, []*gate.Change{c})
		return err
	})
	if err == nil && outcomes[0].Refusal != nil {
		return outcomes[0], gate.IDField(outcomes[0].Refusal, "template_id")
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	return outcomes[0], nil
}

// DecideTemplate implements DocumentService.
func (s *Service) DecideTemplate(ctx context.Context, req *documentv1.DecideTemplateRequest) (*documentv1.DecideTemplateResponse, error) {
	reason := strings.TrimSpace(req.GetReason())
	if !req.GetApprove() && reason == "" {
		return nil, fault.Refuse(fault.Malformed, "reason", "a refusal says why")
	}
	a, err := s.Must(ctx, req.GetBook(), template.Name, "template_id", req.GetTemplateId())
	if err != nil {
		return nil, err
	}
	event, body := template.Approve, func(*private.Draft) (proto.Message, error) { return &flowv1.TemplateRefuse{}, nil }
	if !req.GetApprove() {
		event = template.Refuse
		body = func(draft *private.Draft) (proto.Message, error) {
			old, err := s.written(ctx, req.GetBook(), a)
			if err != nil {
				return nil, err
			}
			version, err := gate.NextVersion(s.Vault.Templates(ctx, req.GetBook(), private.Ref{ID: a.ID}))
			if err != nil {
				return nil, err
			}
			draft.Template(a.ID, old[0].data.GetCompanyId(), old[0].data.GetKind(), version, &privatev1.TemplateText{Name: old[0].text.GetName(), Text: old[0].text.GetText(), Reason: reason})
			return &flowv1.TemplateRefuse{Version: version}, nil
		}
	}
	o, err := s.moveTemplate(ctx, req.GetBook(), "DecideTemplate", req.GetKey(), req, a, event, body)
	if err != nil {
		return nil, err
	}
	out, err := s.template(ctx, req.GetBook(), gate.FromRecord(o.Record))
	return &documentv1.DecideTemplateResponse{Template: out, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, err
}

// WithdrawTemplate implements DocumentService.
func (s *Service) WithdrawTemplate(ctx context.Context, req *documentv1.WithdrawTemplateRequest) (*documentv1.WithdrawTemplateResponse, error) {
	a, err := s.Must(ctx, req.GetBook(), template.Name, "template_id", req.GetTemplateId())
	if err != nil {
		return nil, err
	}
	o, err := s.moveTemplate(ctx, req.GetBook(), "WithdrawTemplate", req.GetKey(), req, a, template.Withdraw, nil)
	if err != nil {
		return nil, err
	}
	out, err := s.template(ctx, req.GetBook(), gate.FromRecord(o.Record))
	return &documentv1.WithdrawTemplateResponse{Template: out, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, err
}

// written is a template with what stands beside it; text is nil when that is not there.
type written struct {
	gate.Aggregate
	text *privatev1.TemplateText
	data *flowv1.TemplateData
}

// written reads what stands beside templates, in their order, and refuses one without its text.
func (s *Service) written(ctx context.Context, book string, rows ...gate.Aggregate) ([]written, error) {
	out, err := s.beside(ctx, book, rows...)
	for _, t := range out {
		if t.text == nil {
			return nil, fault.Refuse(fault.NotFound, "template_id", "the text of the template is not there").With("state", t.State)
		}
	}
	return out, err
}

// beside reads what stands beside templates, in their order, as far as it is there.
func (s *Service) beside(ctx context.Context, book string, rows ...gate.Aggregate) ([]written, error) {
	out, refs := make([]written, len(rows)), make([]private.Ref, len(rows))
	for i, a := range rows {
		out[i] = written{Aggregate: a, data: new(flowv1.TemplateData)}
		if err := a.Read(out[i].data); err != nil {
			return nil, err
		}
		refs[i] = private.Ref{ID: a.ID, Version: out[i].data.GetVersion()}
	}
	docs, err := s.Vault.Templates(ctx, book, refs...)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if doc, ok := docs[out[i].ID]; ok && document.Version(doc.Content.GetText()) == out[i].data.GetSha256() {
			out[i].text = doc.Content
		}
	}
	return out, nil
}

// message is a template for the API.
func (s *Service) message(t written) *documentv1.Template {
	return &documentv1.Template{
		TemplateId: t.ID, CompanyId: t.data.GetCompanyId(), Kind: t.data.GetKind(), Name: t.text.GetName(), State: t.State,
		StateTitle: s.Title(template.Name, t.State), Sha256: t.data.GetSha256(), Text: t.text.GetText(), Reason: t.text.GetReason(),
		DecidedAt: gate.Instant(t.data.GetDecidedAt()), TextMissing: t.text == nil,
	}
}

// template is a template for the API.
func (s *Service) template(ctx context.Context, book string, a gate.Aggregate) (*documentv1.Template, error) {
	all, err := s.written(ctx, book, a)
	if err != nil {
		return nil, err
	}
	return s.message(all[0]), nil
}

// GetTemplate implements DocumentService.
func (s *Service) GetTemplate(ctx context.Context, req *documentv1.GetTemplateRequest) (*documentv1.GetTemplateResponse, error) {
	a, err := s.Must(ctx, req.GetBook(), template.Name, "template_id", req.GetTemplateId())
	if err != nil {
		return nil, err
	}
	out, err := s.template(ctx, req.GetBook(), a)
	if err != nil {
		return nil, err
	}
	example, err := s.press.Render(ctx, &privatev1.SignedFile{
		Document: out.GetKind(), TemplateText: out.GetText(), Values: document.Example(document.Kind(out.GetKind())), Made: time.Unix(0, 0).UTC().Format(time.RFC3339Nano),
	})
	return &documentv1.GetTemplateResponse{Template: out, Example: example}, err
}

// mostTemplates bounds a list.
const mostTemplates = 200

// ListTemplates implements DocumentService.
func (s *Service) ListTemplates(ctx context.Context, req *documentv1.ListTemplatesRequest) (*documentv1.ListTemplatesResponse, error) {
	rows, _, _, err := s.List(ctx, store.AggregatePage{
		Book: req.GetBook(), Flow: template.Name, Owner: req.GetCompanyId(), Limit: mostTemplates,
		States: []string{template.Submitted, template.Approved, template.Refused, template.Withdrawn},
	}, nil)
	if err != nil {
		return nil, err
	}
	all, err := s.beside(ctx, req.GetBook(), rows...)
	out := &documentv1.ListTemplatesResponse{}
	for _, t := range all {
		m := s.message(t)
		m.Text = ""
		out.Templates = append(out.Templates, m)
	}
	return out, err
}

// Chosen are the templates that tasks of a company use: by kind and the name that a task
// gives, and by id.
type Chosen struct {
	byName map[string]string // private.TemplateOf
	byID   map[string]*flowv1.TemplateData
}

// ChooseTemplates reads the approved templates that drafts name by id or by category.
func (s *Service) ChooseTemplates(ctx context.Context, book, companyID string, drafts []*taskv1.TaskDraft) (Chosen, error) {
	names, ids := map[string]bool{}, map[string]bool{}
	for _, d := range drafts {
		for _, kind := range document.Kinds() {
			names[private.TemplateOf(companyID, string(kind), d.GetCategory())] = true
		}
		ids[d.GetAgreementTypeId()] = true
	}
	out := Chosen{map[string]string{}, map[string]*flowv1.TemplateData{}}
	found, err := s.Vault.Find(ctx, book, private.TemplateName, slices.Sorted(maps.Keys(names))...)
	if err != nil {
		return out, err
	}
	for _, list := range found {
		for _, id := range list {
			ids[id] = true
		}
	}
	delete(ids, "")
	if len(ids) == 0 {
		return out, nil
	}
	rows, _, err := s.Load(ctx, book, template.Name, slices.Sorted(maps.Keys(ids))...)
	if err != nil {
		return out, err
	}
	decided := map[string]string{}
	var own []gate.Aggregate
	for _, a := range rows {
		if a.State == template.Approved && a.Owner == companyID {
			own = append(own, a)
		}
	}
	all, err := s.written(ctx, book, own...)
	if err != nil {
		return out, err
	}
	for _, t := range all {
		out.byID[t.ID] = t.data
		name := private.TemplateOf(companyID, t.data.GetKind(), t.text.GetName())
		if at := t.data.GetDecidedAt() + t.ID; at > decided[name] { // the newest of a name
			decided[name], out.byName[name] = at, t.ID
		}
	}
	return out, nil
}

// Put says in a task's command which templates it uses.
func (c Chosen) Put(companyID string, draft *taskv1.TaskDraft, body *flowv1.TaskCreate) *fault.Refusal {
	named := draft.GetAgreementTypeId()
	if named != "" && c.byID[named].GetKind() != sign.Agreement {
		return fault.Refuse(fault.NotFound, "agreement_type_id", "the company has no approved template %q of agreements", named)
	}
	if named == "" {
		named = c.byName[private.TemplateOf(companyID, sign.Agreement, draft.GetCategory())]
	}
	body.AgreementTemplate, body.ActTemplate = named, c.byName[private.TemplateOf(companyID, sign.Act, draft.GetCategory())]
	return nil
}

// templateFor is the template of a task's document: the company's own, as it was approved, or
// the typical one.
func (s *Service) templateFor(ctx context.Context, p *paper) (*document.Template, error) {
	id := p.data.GetAgreementTemplate()
	if p.kind == sign.Act {
		id = p.data.GetActTemplate()
	}
	if id == "" {
		return document.Typical(document.Kind(p.kind)), nil
	}
	found, _, err := s.Load(ctx, p.book, template.Name, id)
	if err != nil {
		return nil, err
	}
	a, ok := found[id]
	if !ok {
		return nil, gate.NotFound("document", template.Name, id)
	}
	beside, err := s.written(ctx, p.book, a)
	if err != nil {
		return nil, err
	}
	own, refusal := document.Parse(document.Kind(p.kind), beside[0].text.GetText())
	if refusal != nil {
		return nil, refusal
	}
	return own, nil
}
