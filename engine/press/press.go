package press

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/provodka/provodka/engine/document"
	"github.com/provodka/provodka/engine/flow/sign"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// atOnce bounds how many PDFs are made at once, each with some 12 MB.
const atOnce = 2

// Press makes the files of a process. It is safe for concurrent use.
type Press struct {
	vault *private.Vault
	zone  *time.Location // of the moments on stamps: the books'
	turns chan struct{}
}

// New makes a press.
func New(vault *private.Vault, zone *time.Location) *Press {
	return &Press{vault: vault, zone: zone, turns: make(chan struct{}, atOnce)}
}

// Render makes the PDF of what a file was made of, with blocks below it.
func (p *Press) Render(ctx context.Context, f *privatev1.SignedFile, below ...document.Block) ([]byte, error) {
	template, refusal := document.Parse(document.Kind(f.GetDocument()), f.GetTemplateText())
	if refusal != nil {
		return nil, refusal
	}
	made, err := time.Parse(time.RFC3339Nano, f.GetMade())
	if err != nil {
		return nil, err
	}
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	case <-ctx.Done():
		return nil, fault.Refuse(fault.Unavailable, "", "too many documents are being made")
	}
	out := template.Fill(f.GetValues())
	out.Made, out.Footer = made, out.Title
	out.Blocks = append(out.Blocks, below...)
	file, refusal := document.Render(out)
	if refusal != nil {
		return nil, refusal
	}
	return file, nil
}

// Stamped makes the file with the stamps of its signatures, and says its SHA-256. An ask says
// all that the log knows of them; who signed under an agreement by publishing the task has a
// stamp of that.
func (p *Press) Stamped(ctx context.Context, f *privatev1.SignedFile, ask *flowv1.StampAsk) (*privatev1.SignedFile, string, error) {
	of, values := signedAs(ask), f.GetValues()
	var below []document.Block
	stamp := func(side, who, at, method, evidence string) error {
		moment, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			return err
		}
		below = append(below, document.Stamp{
			Side: side, Signer: values[who+"_name"], INN: values[who+"_inn"], At: moment.In(p.zone), Method: method, SHA256: of, Evidence: evidence,
		}.Block())
		return nil
	}
	var err error
	if g := ask.GetExecutor(); g != nil {
		err = stamp("Исполнитель", "executor", g.GetAt(), methods[g.GetMethod()], g.GetEvidenceSha256())
	}
	switch g := ask.GetCustomer(); {
	case err != nil:
	case g != nil:
		err = stamp("Заказчик", "customer", g.GetAt(), methods[g.GetMethod()], g.GetEvidenceSha256())
	case ask.GetDocument() == sign.Agreement:
		err = stamp("Заказчик", "customer", ask.GetCreatedAt(), "публикация задания под учётными данными заказчика", "")
	}
	if err != nil {
		return nil, "", err
	}
	file, err := p.Render(ctx, f, below...)
	if err != nil {
		return nil, "", err
	}
	return &privatev1.SignedFile{
		File: file, TaskId: f.GetTaskId(), Document: f.GetDocument(), Template: f.GetTemplate(), TemplateText: f.GetTemplateText(),
		Values: values, Made: f.GetMade(), StampedOf: of,
	}, SHA256(file), nil
}

// Stamp makes the file with the stamps of its signatures and keeps it under its SHA-256.
func (p *Press) Stamp(ctx context.Context, ask *flowv1.StampAsk) (string, error) {
	doc, ok, err := private.Only(p.vault.SignedFiles(ctx, ask.GetBook(), private.Ref{ID: signedAs(ask), Version: 1}))
	if err != nil {
		return "", err
	}
	if !ok {
		return "", fault.Refuse(fault.NotFound, "document", "the file with SHA-256 %s is not there any more", signedAs(ask))
	}
	file, sum, err := p.Stamped(ctx, doc.Content, ask)
	if err != nil {
		return "", err
	}
	draft := p.vault.Draft(ask.GetBook())
	draft.SignedFile(ask.GetExecutorId(), sum, file)
	return sum, draft.Put(ctx)
}

// signedAs is the file that was signed: both sides sign one.
func signedAs(ask *flowv1.StampAsk) string {
	if sum := ask.GetExecutor().GetSha256(); sum != "" {
		return sum
	}
	return ask.GetCustomer().GetSha256()
}

// methods say on a stamp how somebody signed.
var methods = map[string]string{
	sign.MethodCode: "код из сообщения на телефон", task.MethodKey: "действие под учётными данными",
}

// SHA256 is the hash of a file, hexadecimal.
func SHA256(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}
