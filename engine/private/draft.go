package private

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/store"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// Draft is documents that are written together, before the command that names them.
type Draft struct {
	vault *Vault
	book  string
	rows  []store.PrivateRow
	index []store.PrivateIndexRow
}

// Draft begins a write to a book.
func (v *Vault) Draft(book string) *Draft { return &Draft{vault: v, book: book} }

// Len is the number of documents.
func (d *Draft) Len() int { return len(d.rows) }

// Put writes the draft in one transaction. Writing the same again is nothing; ErrTaken
// when a version exists with other content.
func (d *Draft) Put(ctx context.Context) error {
	for from := 0; from < len(d.rows); from += most {
		until := min(from+most, len(d.rows))
		var index []store.PrivateIndexRow
		if until == len(d.rows) { // who finds a document finds it written
			index = d.index
		}
		if err := d.put(ctx, d.rows[from:until], index); err != nil {
			return err
		}
	}
	return nil
}

// keyTries bounds how often a write is made anew because a key was changed meanwhile.
const keyTries = 5

func (d *Draft) put(ctx context.Context, rows []store.PrivateRow, index []store.PrivateIndexRow) error {
	for try := 1; ; try++ {
		w, err := d.vault.sealed(ctx, d.book, rows)
		if err != nil {
			return err
		}
		w.Index = index
		switch err = d.vault.db.PutPrivate(ctx, w); {
		case errors.Is(err, store.ErrVersionTaken) && try < keyTries:
			if rows, err = d.without(ctx, rows); err != nil {
				return err
			}
		case !errors.Is(err, store.ErrKeyChanged) || try == keyTries:
			return err
		default:
			d.vault.houses.Delete(d.book) // another process has wrapped it anew
		}
	}
}

// without leaves those rows out that stand with the same text, sealed or not, under
// whatever key.
func (d *Draft) without(ctx context.Context, rows []store.PrivateRow) (left []store.PrivateRow, err error) {
	ids := make([]store.PrivateID, len(rows))
	for i, r := range rows {
		ids[i] = store.PrivateID{Kind: r.Kind, ID: r.ID, Version: r.Version}
	}
	found, err := d.vault.db.GetPrivate(ctx, d.book, ids)
	if err != nil {
		return nil, err
	}
	stand := make(map[store.PrivateID]store.PrivateRow, len(found))
	for _, r := range found {
		stand[store.PrivateID{Kind: r.Kind, ID: r.ID, Version: r.Version}] = r
	}
	for _, r := range rows {
		was, ok := stand[store.PrivateID{Kind: r.Kind, ID: r.ID, Version: r.Version}]
		if !ok {
			left = append(left, r)
			continue
		}
		text, ok, err := d.vault.text(was)
		if err != nil {
			return nil, err
		}
		if !ok || !bytes.Equal(text, r.Data) {
			return nil, ErrTaken
		}
	}
	return left, nil
}

// add adds a document; owner is whose key seals it.
func (d *Draft) add(owner, kind, id string, version uint32, m proto.Message) {
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("private: %s %s cannot be encoded: %v", kind, id, err)) // texts were checked to be UTF-8
	}
	d.rows = append(d.rows, store.PrivateRow{Book: d.book, Kind: kind, ID: id, Version: int64(version), Owner: owner, Data: data})
}

func (d *Draft) find(f Field, value, id string) {
	if value == "" {
		return
	}
	d.index = append(d.index, store.PrivateIndexRow{
		Book: d.book, Kind: f.kind, Name: f.name, HMAC: d.vault.secrets.hashes(d.book, f, value)[0], ID: id,
	})
}

// Company adds a version of a company's details.
func (d *Draft) Company(id string, version uint32, p *privatev1.CompanyProfile) {
	d.add(house, kindCompany, id, version, p)
	d.find(CompanyINN, p.GetInn(), id)
	d.find(CompanyContract, Words(p.GetContract()), id)
	d.find(CompanyMarker, Marker(id), id)
	for _, a := range p.GetAccounts() {
		d.find(CompanyAccount, a.GetAccount(), id)
	}
}

// PaidFrom notes that a company pays from an account.
func (d *Draft) PaidFrom(company, account string) { d.find(CompanyAccount, account, company) }

// Executor adds a version of an executor's personal data.
func (d *Draft) Executor(id string, version uint32, p *privatev1.ExecutorProfile) {
	d.add(id, kindExecutor, id, version, p)
	d.words(ExecutorNames, FullName(p))
	d.find(ExecutorINN, p.GetInn(), id)
	d.find(ExecutorPhone, p.GetPhone(), id)
}

// Requisites adds a version of an executor's bank requisites.
func (d *Draft) Requisites(executor string, version uint32, r *privatev1.Requisites) {
	d.add(executor, kindRequisites, executor, version, r)
	d.find(ExecutorAccount, r.GetAccountNumber(), executor)
}

// Task adds a version of the texts of a company's task.
func (d *Draft) Task(company, id string, version uint32, t *privatev1.TaskText) {
	d.add(house, kindTask, id, version, t)
	d.words(TaskTitles(company), t.GetTitle())
}

// words lets the document that was added last be found by the words of a text.
func (d *Draft) words(f WordField, text string) {
	d.rows[len(d.rows)-1].Words = d.vault.words(d.book, f, text, false)
}

// Register adds a register that is about to be imported.
func (d *Draft) Register(id string, r *privatev1.RegisterFile) { d.add(house, kindRegister, id, 1, r) }

// RegisterPart adds what became of some lines of a register; a version for each import
// that changed it.
func (d *Draft) RegisterPart(id string, version uint32, p *privatev1.RegisterPart) {
	d.add(house, kindPart, id, version, p)
}

// Statement adds a bank statement.
func (d *Draft) Statement(id string, s *privatev1.StatementFile) {
	d.add(house, kindStatement, id, 1, s)
}

// Line adds a version of a line of a bank statement.
func (d *Draft) Line(id string, version uint32, l *privatev1.StatementLine) {
	d.add(house, kindLine, id, version, l)
}

// Payout adds a payment of ours that is about to be sent; executor is who gets it, ""
// when it goes back to a company.
func (d *Draft) Payout(executor, attempt string, p *privatev1.Payout) {
	d.add(cmp.Or(executor, house), kindPayout, attempt, 1, p)
	d.find(PayoutMarker, PurposeMarker(attempt), attempt)
	d.find(PayoutAccount, p.GetAccount(), attempt)
}

// Shown notes that a statement has shown a payment of ours.
func (d *Draft) Shown(attempt, line string) { d.find(PayoutShown, attempt, line) }

// CameBack notes which line of a statement shows that a payment of ours came back; the
// first that says so is the only one.
func (d *Draft) CameBack(attempt, line string) {
	d.add(house, kindPayoutReturn, attempt, 1, &privatev1.PayoutReturn{Line: line})
}

// Registration adds a version of what a company's registration knows. It is sealed with a
// key of its own: one that nobody finishes can be forgotten.
func (d *Draft) Registration(id string, version uint32, p *privatev1.RegistrationProfile) {
	d.add(id, kindRegistration, id, version, p)
	d.find(RegistrationPhone, p.GetPhone(), id)
}

// Evidence adds by whose hand texts of a registration were accepted.
func (d *Draft) Evidence(id string, version uint32, e *privatev1.Evidence) {
	d.add(id, kindEvidence, id, version, e)
}

// SignedFile adds a file that an executor's document is signed as. It is sealed with his
// key: it names him.
func (d *Draft) SignedFile(executor, sha256 string, f *privatev1.SignedFile) {
	d.add(executor, kindSignedFile, sha256, 1, f)
}

// ClosingFile adds a company's document of a month, under the SHA-256 of its PDF.
func (d *Draft) ClosingFile(f *privatev1.ClosingFile) {
	d.add(house, kindClosingFile, f.GetDocument().GetPdfSha256(), 1, f)
}

// SigningView adds the first time that a file was shown to its executor.
func (d *Draft) SigningView(executor, id string, v *privatev1.SigningView) {
	d.add(executor, kindSigningView, id, 1, v)
}

// SigningEvidence adds what proves a signature under an executor's document; id and hash
// are what the log has of it.
func (d *Draft) SigningEvidence(executor string, e *privatev1.SigningEvidence) (id, sha256 string) {
	sha256 = EvidenceSHA256(e)
	id = e.GetTaskId() + "-" + e.GetDocument() + "-" + sha256[:evidenceDigits]
	d.add(executor, kindSigningEvidence, id, 1, e)
	return id, sha256
}

// evidenceDigits is how much of its hash an evidence's id carries: one more is another id.
const evidenceDigits = 12

// EvidenceSHA256 is the hash of an evidence's canonical bytes: fields by number, each led
// by its length, whatever the protobuf library writes.
func EvidenceSHA256(e *privatev1.SigningEvidence) string {
	d := digester{sha256.New()}
	d.message(e.ProtoReflect())
	return hex.EncodeToString(d.Sum(nil))
}

// Template adds a version of a company's template of a document; it is found by kind and name.
func (d *Draft) Template(id, company, kind string, version uint32, t *privatev1.TemplateText) {
	d.add(house, kindTemplate, id, version, t)
	d.find(TemplateName, TemplateOf(company, kind, t.GetName()), id)
}

// TemplateOf is by what a company's templates of a kind are found: the name as people
// compare it.
func TemplateOf(company, kind, name string) string { return company + "/" + kind + "/" + Words(name) }

// Stamp adds the command that a request with a key was made into.
func (d *Draft) Stamp(key string, s *privatev1.Stamp) {
	d.add(house, kindStamp, stampID(d.book, Request{key, string(s.GetDigest())}), 1, s)
}

// stampID is of key and request: a request that was refused and leaves its key free
// must leave nothing that stands in the way of the next one.
func stampID(book string, r Request) string {
	id := store.KeyID(book, r.Key)
	return hex.EncodeToString(append(id[:], r.Digest...))
}

// Field is a field by which documents are found.
type Field struct{ kind, name string }

// The fields.
var (
	CompanyINN      = Field{kindCompany, "inn"}
	CompanyContract = Field{kindCompany, "contract"}
	CompanyAccount  = Field{kindCompany, "account"}
	CompanyMarker   = Field{kindCompany, "marker"}
	PayoutMarker    = Field{kindPayout, "marker"}  // the purpose's part of the attempt
	PayoutAccount   = Field{kindPayout, "account"} // the payee's
	PayoutShown     = Field{kindPayout, "shown"}   // the attempt; found are lines
	ExecutorINN     = Field{kindExecutor, "inn"}
	ExecutorPhone   = Field{kindExecutor, "phone"}
	ExecutorAccount = Field{kindRequisites, "account"}
	TemplateName    = Field{kindTemplate, "name"} // TemplateOf

	RegistrationPhone = Field{kindRegistration, "phone"}

	InvitationExecutor = Field{kindInvitation, "executor"} // the executor's id; found are invitations
)

// Find answers the ids of documents that have, or once had, a value, by value. They
// are candidates: compare them with the version that the aggregate names.
func (v *Vault) Find(ctx context.Context, book string, f Field, values ...string) (map[string][]string, error) {
	found := map[string][]string{}
	byHash := map[string]string{}
	var hashes [][]byte
	for _, value := range values {
		if value == "" {
			continue
		}
		for _, h := range v.secrets.hashes(book, f, value) {
			if _, twice := byHash[string(h)]; !twice {
				byHash[string(h)] = value
				hashes = append(hashes, h)
			}
		}
	}
	for len(hashes) > 0 {
		n := min(len(hashes), most)
		rows, err := v.db.FindPrivate(ctx, book, f.kind, f.name, hashes[:n])
		if err != nil {
			return nil, fmt.Errorf("find %s by %s: %w", f.kind, f.name, err)
		}
		hashes = hashes[n:]
		for _, r := range rows {
			value := byHash[string(r.HMAC)]
			found[value] = append(found[value], r.ID)
		}
	}
	return found, nil
}
