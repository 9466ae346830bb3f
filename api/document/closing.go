package document

import (
	"context"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/closing"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/monthly"
	"github.com/provodka/provodka/engine/press"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// closings reads what a company's monthly documents are; nothing when none have begun.
func (s *Service) closings(ctx context.Context, book, companyID string) (gate.Aggregate, *flowv1.ClosingData, error) {
	data := new(flowv1.ClosingData)
	a, err := s.Must(ctx, book, company.Name, "company_id", companyID)
	if err != nil {
		return a, data, err
	}
	found, _, err := s.Load(ctx, book, closing.Name, companyID)
	if err != nil {
		return a, data, err
	}
	c, ok := found[companyID]
	if !ok {
		return gate.Aggregate{}, data, nil
	}
	return c, data, c.Read(data)
}

// ListClosingDocuments implements DocumentService.
func (s *Service) ListClosingDocuments(ctx context.Context, req *documentv1.ListClosingDocumentsRequest) (*documentv1.ListClosingDocumentsResponse, error) {
	a, data, err := s.closings(ctx, req.GetBook(), req.GetCompanyId())
	if err != nil {
		return nil, err
	}
	out := &documentv1.ListClosingDocumentsResponse{Drawing: a.State == closing.Drawing, LookedOn: data.GetLookedDay()}
	if code := data.GetErrorCode(); code != "" {
		out.Error = fault.Code(code).Lookup().Russian
	}
	for _, d := range slices.Backward(data.GetDocuments()) {
		out.Documents = append(out.Documents, closingMessage(data, d))
	}
	return out, nil
}

func closingMessage(all *flowv1.ClosingData, d *flowv1.ClosingDocument) *documentv1.ClosingDocument {
	return &documentv1.ClosingDocument{
		Month: d.GetMonth(), Number: d.GetNumber(), Correction: d.GetCorrection(), DrawnOn: d.GetDay(), Closing: d.GetClosing(), Commission: d.GetCommission(),
		PdfSha256: d.GetPdfSha256(), CsvSha256: d.GetCsvSha256(), Superseded: closing.Newest(all, d.GetMonth()).GetCorrection() > d.GetCorrection(),
	}
}

// GetClosingDocument implements DocumentService.
func (s *Service) GetClosingDocument(ctx context.Context, req *documentv1.GetClosingDocumentRequest) (*documentv1.GetClosingDocumentResponse, error) {
	_, data, err := s.closings(ctx, req.GetBook(), req.GetCompanyId())
	if err != nil {
		return nil, err
	}
	doc := closing.Newest(data, req.GetMonth())
	if req.Correction != nil {
		i := slices.IndexFunc(data.GetDocuments(), func(d *flowv1.ClosingDocument) bool {
			return d.GetMonth() == req.GetMonth() && d.GetCorrection() == req.GetCorrection()
		})
		if i < 0 {
			return nil, fault.Refuse(fault.NotFound, "correction", "there is no correction %d of %s", req.GetCorrection(), req.GetMonth())
		}
		doc = data.GetDocuments()[i]
	}
	file, err := s.closingFile(ctx, req, doc)
	if err != nil {
		return nil, err
	}
	out := closingAnswer(file.GetSheet())
	out.Pdf, out.Csv, out.FileName = file.GetPdf(), file.GetCsv(), monthly.FileName(req.GetMonth(), doc)
	if doc != nil {
		out.Document = closingMessage(data, doc)
	}
	return out, nil
}

// closingFile reads the files of a document, or draws up a month that has none.
func (s *Service) closingFile(ctx context.Context, req *documentv1.GetClosingDocumentRequest, doc *flowv1.ClosingDocument) (*privatev1.ClosingFile, error) {
	if doc == nil {
		if today := s.Today(); req.GetMonth() > today[:len("2006-01")] {
			return nil, fault.Refuse(fault.Malformed, "month", "%s has not begun, it is %s", req.GetMonth(), today)
		}
		return s.drawer.Preliminary(ctx, req.GetBook(), req.GetCompanyId(), req.GetMonth(), s.Today())
	}
	kept, ok, err := private.Only(s.Vault.ClosingFiles(ctx, req.GetBook(), private.Ref{ID: doc.GetPdfSha256(), Version: 1}))
	switch {
	case err != nil:
		return nil, err
	case !ok || press.SHA256(kept.Content.GetPdf()) != doc.GetPdfSha256() || press.SHA256(kept.Content.GetCsv()) != doc.GetCsvSha256():
		return nil, fault.Refuse(fault.NotFound, "month", "the file with SHA-256 %s is not there any more", doc.GetPdfSha256())
	}
	return kept.Content, nil
}

func closingAnswer(s *flowv1.ClosingSheet) *documentv1.GetClosingDocumentResponse {
	span := func(of *flowv1.ClosingSpan) *documentv1.ClosingBalance {
		return &documentv1.ClosingBalance{Opening: of.GetOpening(), In: of.GetIn(), Out: of.GetOut(), Closing: of.GetClosing()}
	}
	out := &documentv1.GetClosingDocumentResponse{
		ToDay: s.GetToDay(), Wallet: span(s.GetWallet()), Reserved: span(s.GetReserved()), Deposit: span(s.GetDeposit()),
	}
	for _, l := range s.GetLines() {
		out.Turnovers = append(out.Turnovers, &documentv1.ClosingTurnover{Line: l.GetLine(), Title: l.GetTitle(), In: l.GetIn(), Out: l.GetOut()})
	}
	for _, c := range s.GetCharges() {
		out.Charges = append(out.Charges, &documentv1.ClosingCharge{Charge: c.GetCharge(), Title: c.GetTitle(), Amount: c.GetAmount()})
	}
	return out
}

// IssueClosingDocuments implements DocumentService. Of a company whose documents are not begun
// yet they begin with it; without a call the next night begins them.
func (s *Service) IssueClosingDocuments(ctx context.Context, req *documentv1.IssueClosingDocumentsRequest) (*documentv1.IssueClosingDocumentsResponse, error) {
	a, _, err := s.closings(ctx, req.GetBook(), req.GetCompanyId())
	if err != nil {
		return nil, err
	}
	if a.ID == "" {
		if err := s.beginClosing(ctx, req); err != nil {
			return nil, err
		}
	}
	o, err := s.keyed(ctx, req.GetBook(), "IssueClosingDocuments", req.GetKey(), req, func(c *gate.Change) error {
		c.Flow, c.ID, c.Owner, c.Event = closing.Name, req.GetCompanyId(), req.GetCompanyId(), closing.Look
		if c.Fresh() {
			c.Say(&flowv1.ClosingLook{FromMonth: req.GetFromMonth()})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if o.Refusal != nil {
		return nil, gate.IDField(o.Refusal, "company_id")
	}
	return &documentv1.IssueClosingDocumentsResponse{Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// beginClosing begins the documents of a company that is active.
func (s *Service) beginClosing(ctx context.Context, req *documentv1.IssueClosingDocumentsRequest) error {
	a, err := s.Must(ctx, req.GetBook(), company.Name, "company_id", req.GetCompanyId())
	if err != nil {
		return err
	}
	if a.State != company.Active {
		return fault.Refuse(fault.WrongState, "company_id", "the company is not active yet").With("state", a.State)
	}
	data := new(flowv1.CompanyData)
	if err := a.Read(data); err != nil {
		return err
	}
	op, refusal := monthly.Opening(a.ID, data)
	if refusal != nil {
		return refusal
	}
	if o := s.Submit(ctx, req.GetBook(), []engine.Operation{{Operation: op}}, false)[0]; o.Refusal != nil {
		return o.Refusal
	}
	return nil
}

// keyed sends a change under the caller's key; fill says what it is.
func (s *Service) keyed(ctx context.Context, book, method, key string, req proto.Message, fill func(*gate.Change) error) (engine.Outcome, error) {
	var outcomes []engine.Outcome
	err := gate.Again(func() error {
		c := s.NewChange(method, key, req)
		if err := s.Recall(ctx, book, c); err != nil {
			return err
		}
		if err := fill(c); err != nil {
			return err
		}
		var err error
		outcomes, err = s.Commit(ctx, book, s.Vault.Draft(book), false, []*gate.Change{c})
		return err
	})
	if err != nil {
		return engine.Outcome{}, err
	}
	return outcomes[0], nil
}

// verifyClosing says of a file whether it is a company's document of a month; nothing when it
// is none that the caller may see.
func (s *Service) verifyClosing(ctx context.Context, book, sum string) (*documentv1.VerifyDocumentResponse, error) {
	kept, ok, err := private.Only(s.Vault.ClosingFiles(ctx, book, private.Ref{ID: sum, Version: 1}))
	if err != nil || !ok || press.SHA256(kept.Content.GetPdf()) != sum {
		return nil, err
	}
	id := kept.Content.GetSheet().GetCompanyId()
	if owner := gate.CallOf(ctx).Who.Owner; owner != "" && owner != id {
		return nil, nil
	}
	found, _, err := s.Load(ctx, book, closing.Name, id)
	if err != nil {
		return nil, err
	}
	data := new(flowv1.ClosingData)
	if a, ok := found[id]; !ok {
		return nil, nil
	} else if err := a.Read(data); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(data.GetDocuments(), func(d *flowv1.ClosingDocument) bool { return d.GetPdfSha256() == sum })
	if i < 0 {
		return nil, nil // drawn up, and never issued
	}
	return &documentv1.VerifyDocumentResponse{
		Sha256: sum, Known: true, Document: "closing-" + strconv.FormatUint(uint64(data.GetDocuments()[i].GetNumber()), 10),
		Closing: closingMessage(data, data.GetDocuments()[i]), CompanyId: id,
	}, nil
}
