package monthly

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/provodka/provodka/engine/document"
	"github.com/provodka/provodka/engine/flow/closing"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// VAT is what the act says of the tax on the platform's charge.
type VAT struct {
	Percent string // of a rate that is part of the charge: "22"; "" = none is
	Words   string // what stands below an act without a rate: "НДС не облагается …"; "" = nothing
}

// Drawer draws up documents.
type Drawer struct {
	DB       *store.DB
	Vault    *private.Vault
	Operator document.Operator
	VAT      VAT
	turn     chan struct{}
}

// drawsAtOnce bounds how many documents are drawn up at once: each reads a year of a company.
const drawsAtOnce = 2

// NewDrawer makes a drawer, and refuses a rate that is none.
func NewDrawer(d Drawer) (*Drawer, error) {
	if _, err := money.Parse(cmp.Or(d.VAT.Percent, "0")); err != nil {
		return nil, fmt.Errorf("closing.vat_percent %q: %w", d.VAT.Percent, err)
	}
	d.turn = make(chan struct{}, drawsAtOnce)
	return &d, nil
}

// Next draws up the first document of the months asked about that is missing or not true any
// more, and keeps its files; nil = there is none. Drawn up twice it is the same file, unless
// the books have moved.
func (d *Drawer) Next(ctx context.Context, ask *flowv1.ClosingAsk) (*flowv1.ClosingDocument, error) {
	if err := d.wait(ctx); err != nil {
		return nil, err
	}
	defer func() { <-d.turn }()
	sheets, err := Sheets(ctx, d.DB, ask.GetBook(), ask.GetCompanyId(), ask.GetFromMonth(), ask.GetToMonth())
	if err != nil {
		return nil, err
	}
	known := map[string]*flowv1.ClosingDocument{}
	for _, o := range ask.GetDocuments() {
		known[o.GetMonth()] = o
	}
	for _, s := range sheets {
		csv := closing.CSV(s)
		doc := &flowv1.ClosingDocument{
			Month: s.GetMonth(), Number: max(1, ask.GetNumbers()[s.GetMonth()[:4]]), Day: ask.GetDay(), CsvSha256: sum(csv),
			Closing: money.RUB.Format(closing.Closing(s)), Commission: money.RUB.Format(closing.Commission(s)),
		}
		was := known[s.GetMonth()]
		switch {
		case was == nil && closing.Quiet(s), was.GetCsvSha256() == doc.GetCsvSha256():
			continue
		case was != nil:
			doc.Number, doc.Correction = was.GetNumber(), was.GetCorrection()+1
		}
		return doc, d.keep(ctx, ask.GetBook(), s, csv, doc)
	}
	return nil, nil
}

func (d *Drawer) wait(ctx context.Context) error {
	select {
	case d.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.Refuse(fault.Unavailable, "", "too many documents are being drawn up")
	}
}

// keep makes the PDF and writes the files down.
func (d *Drawer) keep(ctx context.Context, bookName string, s *flowv1.ClosingSheet, csv []byte, doc *flowv1.ClosingDocument) error {
	pdf, err := d.render(ctx, bookName, s, doc)
	if err != nil {
		return err
	}
	doc.PdfSha256 = sum(pdf)
	draft := d.Vault.Draft(bookName)
	draft.ClosingFile(&privatev1.ClosingFile{Pdf: pdf, Csv: csv, Sheet: s, Document: doc})
	return draft.Put(ctx)
}

// render makes the PDF; doc nil is a preliminary one.
func (d *Drawer) render(ctx context.Context, bookName string, s *flowv1.ClosingSheet, doc *flowv1.ClosingDocument) ([]byte, error) {
	who, ok, err := private.Only(d.Vault.Companies(ctx, bookName, private.Ref{ID: s.GetCompanyId()}))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.Refuse(fault.NotFound, "company_id", "nothing is known of %s", s.GetCompanyId())
	}
	commission := closing.Commission(s)
	file, refusal := document.Render(document.Closing{
		Document: doc, Sheet: s, Customer: who.Content, Operator: d.Operator, Commission: commission, VAT: d.VAT.say(commission),
	}.Paper())
	if refusal != nil {
		return nil, refusal
	}
	return file, nil
}

// say is what stands below an act of a sum.
func (v VAT) say(sum money.Amount) string {
	if v.Percent == "" {
		return v.Words // nothing is said that nobody has said to us
	}
	percent := money.MustParse(v.Percent) // NewDrawer has checked it
	return "В том числе НДС " + v.Percent + " %: " + money.RUB.Format(closing.VAT(sum, percent)) + " руб."
}

// Preliminary draws up a month that is not over yet as it stands today: no number, nothing is
// kept.
func (d *Drawer) Preliminary(ctx context.Context, bookName, company, month, today string) (*privatev1.ClosingFile, error) {
	if err := d.wait(ctx); err != nil {
		return nil, err
	}
	defer func() { <-d.turn }()
	sheets, err := Sheets(ctx, d.DB, bookName, company, month, month)
	if err != nil {
		return nil, err
	}
	s := sheets[0]
	s.ToDay = min(s.GetToDay(), today)
	pdf, err := d.render(ctx, bookName, s, nil)
	if err != nil {
		return nil, err
	}
	return &privatev1.ClosingFile{Pdf: pdf, Csv: closing.CSV(s), Sheet: s}, nil
}

// FileName is what a downloaded document is called, without its ending.
func FileName(month string, doc *flowv1.ClosingDocument) string {
	switch {
	case doc == nil:
		return "otchet-" + month + "-predvaritelno"
	case doc.GetCorrection() > 0:
		return "otchet-" + month + "-ispr" + strconv.FormatUint(uint64(doc.GetCorrection()), 10)
	}
	return "otchet-" + month
}

func sum(file []byte) string {
	hash := sha256.Sum256(file)
	return hex.EncodeToString(hash[:])
}
