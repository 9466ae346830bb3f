package private

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/store"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// ErrTaken says that a version or a key was written meanwhile with other content:
// read again and decide again.
var ErrTaken = errors.New("private data of this version or key exists with other content")

// Config is what a vault is made of.
type Config struct {
	DB      *store.DB
	Secrets [][]byte // of the keyed hashes, at least SecretBytes each, newest first
	// Keys wrap the keys that seal the data, KeyBytes each, newest first. An older one is
	// needed until Upkeep has wrapped everything with the newest.
	Keys [][]byte
}

// Vault is the private data of all books. It is safe for concurrent use.
type Vault struct {
	db       *store.DB
	secrets  secrets
	wrappers []wrapper // newest first
	houses   sync.Map  // book: houseKey
	open     sealers
}

// New makes a vault.
func New(c Config) (*Vault, error) {
	if c.DB == nil {
		return nil, errors.New("private: Config.DB is not set")
	}
	s, err := newSecrets(c.Secrets)
	if err != nil {
		return nil, err
	}
	w, err := newWrappers(c.Keys)
	if err != nil {
		return nil, err
	}
	return &Vault{db: c.DB, secrets: s, wrappers: w}, nil
}

// Ref names one version of a document; version 0 is the newest.
type Ref struct {
	ID      string
	Version uint32
}

// Doc is one version of a document. It prints and logs as its id and version alone.
type Doc[M proto.Message] struct {
	ID      string
	Version uint32
	Created time.Time // when the version was written
	Content M         // never nil
}

// LogValue keeps the content out of logs.
func (d Doc[M]) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", d.ID), slog.Uint64("version", uint64(d.Version)))
}

// Number is the version.
func (d Doc[M]) Number() uint32 { return d.Version }

// String keeps the content out of messages.
func (d Doc[M]) String() string { return fmt.Sprintf("%s v%d", d.ID, d.Version) }

// GoString keeps the content out of dumps.
func (d Doc[M]) GoString() string { return d.String() }

// The documents.
type (
	// Company is a version of a company's details.
	Company = Doc[*privatev1.CompanyProfile]
	// Executor is a version of an executor's personal data.
	Executor = Doc[*privatev1.ExecutorProfile]
	// Requisites is a version of an executor's bank requisites.
	Requisites = Doc[*privatev1.Requisites]
	// Task is the texts of a task.
	Task = Doc[*privatev1.TaskText]
	// Register is a register that is imported.
	Register = Doc[*privatev1.RegisterFile]
	// RegisterPart is what became of some lines of a register.
	RegisterPart = Doc[*privatev1.RegisterPart]
	// Statement is a bank statement as it was imported.
	Statement = Doc[*privatev1.StatementFile]
	// Line is a line of a bank statement.
	Line = Doc[*privatev1.StatementLine]
	// Payout is a payment of ours as it was sent.
	Payout = Doc[*privatev1.Payout]
	// PayoutReturn says which line shows that a payment of ours came back.
	PayoutReturn = Doc[*privatev1.PayoutReturn]
	// Registration is a version of what a company's registration knows of people.
	Registration = Doc[*privatev1.RegistrationProfile]
	// Invitation is a version of what is known of a person who was invited.
	Invitation = Doc[*privatev1.InvitationProfile]
	// Evidence is by whose hand texts were accepted.
	Evidence = Doc[*privatev1.Evidence]
	// User is who a user of a company is.
	User = Doc[*privatev1.UserProfile]
	// Credential is what is kept of a user's password.
	Credential = Doc[*privatev1.Credential]
	// Template is a company's template of a document.
	Template = Doc[*privatev1.TemplateText]
	// SignedFile is a file that somebody signed.
	SignedFile = Doc[*privatev1.SignedFile]
	// ClosingFile is a company's document of a month.
	ClosingFile = Doc[*privatev1.ClosingFile]
	// SigningEvidence is what proves a signature.
	SigningEvidence = Doc[*privatev1.SigningEvidence]
	// SigningView is the first time that a file was shown to who shall sign it.
	SigningView = Doc[*privatev1.SigningView]
	// Stamp is what a caller's key stands for.
	Stamp = Doc[*privatev1.Stamp]
)

// The kinds of documents as the tables name them.
const (
	kindCompany      = "company"
	kindExecutor     = "executor"
	kindRequisites   = "requisites"
	kindTask         = "task"
	kindRegister     = "register"
	kindPart         = "register_part"
	kindStatement    = "statement"
	kindLine         = "line"
	kindPayout       = "payout"
	kindPayoutReturn = "payout_return"
	kindUser         = "user"
	kindCredential   = "credential"
	kindStamp        = "stamp"

	kindTemplate        = "template"
	kindSignedFile      = "signed_file"
	kindSigningEvidence = "signing_evidence"
	kindSigningView     = "signing_view"
	kindClosingFile     = "closing_file"

	kindRegistration = "registration"
	kindEvidence     = "evidence"
	kindInvitation   = "invitation"
)

// most bounds the documents of one read of the database.
const most = 2000

// read reads those documents that exist, by id. What was erased does not exist.
func read[M proto.Message](ctx context.Context, v *Vault, book, kind string, refs []Ref, fresh func() M) (map[string]Doc[M], error) {
	docs := make(map[string]Doc[M], len(refs))
	for len(refs) > 0 {
		n := min(len(refs), most)
		ids := make([]store.PrivateID, 0, n)
		for _, r := range refs[:n] {
			ids = append(ids, store.PrivateID{Kind: kind, ID: r.ID, Version: int64(r.Version)})
		}
		refs = refs[n:]
		rows, err := v.db.GetPrivate(ctx, book, ids)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", kind, err)
		}
		for _, r := range rows {
			d, ok, err := opened(v, r, fresh)
			if err != nil {
				return nil, err
			}
			if ok {
				docs[r.ID] = d
			}
		}
	}
	return docs, nil
}

// opened is the document of a row; false when it cannot be read any more, because its key
// was deleted.
func opened[M proto.Message](v *Vault, r store.PrivateRow, fresh func() M) (d Doc[M], ok bool, err error) {
	text, ok, err := v.text(r)
	if err != nil {
		return d, false, fmt.Errorf("%s %s v%d: %w", r.Kind, r.ID, r.Version, err)
	}
	if !ok {
		return d, false, nil
	}
	d = Doc[M]{ID: r.ID, Version: uint32(r.Version), Created: r.Created, Content: fresh()}
	if err := proto.Unmarshal(text, d.Content); err != nil {
		return d, false, fmt.Errorf("%s %s v%d cannot be decoded: %w", r.Kind, r.ID, r.Version, err)
	}
	return d, true, nil
}

// Companies reads companies' details.
func (v *Vault) Companies(ctx context.Context, book string, refs ...Ref) (map[string]Company, error) {
	return read(ctx, v, book, kindCompany, refs, func() *privatev1.CompanyProfile { return new(privatev1.CompanyProfile) })
}

// Executors reads executors' personal data.
func (v *Vault) Executors(ctx context.Context, book string, refs ...Ref) (map[string]Executor, error) {
	return read(ctx, v, book, kindExecutor, refs, func() *privatev1.ExecutorProfile { return new(privatev1.ExecutorProfile) })
}

// Requisites reads executors' bank requisites; the id is the executor's.
func (v *Vault) Requisites(ctx context.Context, book string, refs ...Ref) (map[string]Requisites, error) {
	return read(ctx, v, book, kindRequisites, refs, func() *privatev1.Requisites { return new(privatev1.Requisites) })
}

// Tasks reads the texts of tasks.
func (v *Vault) Tasks(ctx context.Context, book string, refs ...Ref) (map[string]Task, error) {
	return read(ctx, v, book, kindTask, refs, func() *privatev1.TaskText { return new(privatev1.TaskText) })
}

// Registers reads registers.
func (v *Vault) Registers(ctx context.Context, book string, refs ...Ref) (map[string]Register, error) {
	return read(ctx, v, book, kindRegister, refs, func() *privatev1.RegisterFile { return new(privatev1.RegisterFile) })
}

// RegisterParts reads parts of registers.
func (v *Vault) RegisterParts(ctx context.Context, book string, refs ...Ref) (map[string]RegisterPart, error) {
	return read(ctx, v, book, kindPart, refs, func() *privatev1.RegisterPart { return new(privatev1.RegisterPart) })
}

// Statements reads bank statements.
func (v *Vault) Statements(ctx context.Context, book string, refs ...Ref) (map[string]Statement, error) {
	return read(ctx, v, book, kindStatement, refs, func() *privatev1.StatementFile { return new(privatev1.StatementFile) })
}

// Lines reads lines of bank statements.
func (v *Vault) Lines(ctx context.Context, book string, refs ...Ref) (map[string]Line, error) {
	return read(ctx, v, book, kindLine, refs, func() *privatev1.StatementLine { return new(privatev1.StatementLine) })
}

// Payouts reads payments of ours by attempt.
func (v *Vault) Payouts(ctx context.Context, book string, refs ...Ref) (map[string]Payout, error) {
	return read(ctx, v, book, kindPayout, refs, func() *privatev1.Payout { return new(privatev1.Payout) })
}

// PayoutReturns reads which lines of statements show that payments of ours came back.
func (v *Vault) PayoutReturns(ctx context.Context, book string, refs ...Ref) (map[string]PayoutReturn, error) {
	return read(ctx, v, book, kindPayoutReturn, refs, func() *privatev1.PayoutReturn { return new(privatev1.PayoutReturn) })
}

// Registrations reads what companies' registrations know.
func (v *Vault) Registrations(ctx context.Context, book string, refs ...Ref) (map[string]Registration, error) {
	return read(ctx, v, book, kindRegistration, refs, func() *privatev1.RegistrationProfile { return new(privatev1.RegistrationProfile) })
}

// Evidences reads by whose hand texts were accepted; the id is what they were accepted for.
func (v *Vault) Evidences(ctx context.Context, book string, refs ...Ref) (map[string]Evidence, error) {
	return read(ctx, v, book, kindEvidence, refs, func() *privatev1.Evidence { return new(privatev1.Evidence) })
}

// Templates reads companies' templates of documents.
func (v *Vault) Templates(ctx context.Context, book string, refs ...Ref) (map[string]Template, error) {
	return read(ctx, v, book, kindTemplate, refs, func() *privatev1.TemplateText { return new(privatev1.TemplateText) })
}

// SignedFiles reads files that were signed, by SHA-256.
func (v *Vault) SignedFiles(ctx context.Context, book string, refs ...Ref) (map[string]SignedFile, error) {
	return read(ctx, v, book, kindSignedFile, refs, func() *privatev1.SignedFile { return new(privatev1.SignedFile) })
}

// ClosingFiles reads companies' documents of months, by SHA-256 of the PDF.
func (v *Vault) ClosingFiles(ctx context.Context, book string, refs ...Ref) (map[string]ClosingFile, error) {
	return read(ctx, v, book, kindClosingFile, refs, func() *privatev1.ClosingFile { return new(privatev1.ClosingFile) })
}

// SigningEvidences reads what proves signatures.
func (v *Vault) SigningEvidences(ctx context.Context, book string, refs ...Ref) (map[string]SigningEvidence, error) {
	return read(ctx, v, book, kindSigningEvidence, refs, func() *privatev1.SigningEvidence { return new(privatev1.SigningEvidence) })
}

// SigningViews reads when files were first shown.
func (v *Vault) SigningViews(ctx context.Context, book string, refs ...Ref) (map[string]SigningView, error) {
	return read(ctx, v, book, kindSigningView, refs, func() *privatev1.SigningView { return new(privatev1.SigningView) })
}

// Request is a key together with the digest of what was asked under it.
type Request struct{ Key, Digest string }

// Stamps reads what requests were made into.
func (v *Vault) Stamps(ctx context.Context, book string, requests ...Request) (map[Request]Stamp, error) {
	refs := make([]Ref, len(requests))
	byID := make(map[string]Request, len(requests))
	for i, r := range requests {
		id := stampID(book, r)
		refs[i], byID[id] = Ref{id, 1}, r
	}
	docs, err := read(ctx, v, book, kindStamp, refs, func() *privatev1.Stamp { return new(privatev1.Stamp) })
	if err != nil {
		return nil, err
	}
	out := make(map[Request]Stamp, len(docs))
	for id, d := range docs {
		out[byID[id]] = d
	}
	return out, nil
}

// Only is the one document of a read that asked for one.
func Only[M proto.Message](docs map[string]Doc[M], err error) (Doc[M], bool, error) {
	for _, d := range docs {
		return d, true, err
	}
	return Doc[M]{}, false, err
}

// Refs names the newest versions of ids.
func Refs(ids ...string) []Ref {
	refs := make([]Ref, len(ids))
	for i, id := range ids {
		refs[i] = Ref{ID: id}
	}
	return refs
}
