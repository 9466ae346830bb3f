package private

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Count says of a kind of documents how many the books name, and how many of those are
// not there.
type Count struct {
	Kind           string
	Named, Missing uint64
}

// Missing compares the documents that aggregates and payments name, in the versions that
// they name, with those that are there: after a rebuild, what a backup has to bring.
// Stamps, registers and index rows are named by nothing in the books. What was erased is
// not missing; back are executors that were erased and whose key is there again, because
// a backup from before was restored: they have to be erased again.
func Missing(ctx context.Context, db *store.DB) (counts []Count, back []string, err error) {
	shards, err := db.Shards(ctx)
	if err != nil {
		return nil, nil, err
	}
	m := &missing{db: db, counts: map[string]*Count{}, statements: map[string]bool{}, erased: map[somebody]bool{}, unread: map[somebody]map[string]uint64{}}
	for _, s := range shards {
		if err := m.aggregates(ctx, s.Shard); err != nil {
			return nil, nil, err
		}
	}
	m.forgiveErased()
	for _, s := range shards {
		if err := m.payouts(ctx, s.Shard); err != nil {
			return nil, nil, err
		}
	}
	counts = []Count{}
	for _, kind := range slices.Sorted(maps.Keys(m.counts)) {
		counts = append(counts, *m.counts[kind])
	}
	gone := map[string][]string{}
	for who := range m.erased {
		gone[who.book] = append(gone[who.book], who.id)
	}
	for book, ids := range gone {
		for chunk := range slices.Chunk(ids, most) {
			keys, err := db.PrivateKeys(ctx, book, chunk)
			if err != nil {
				return nil, nil, err
			}
			for _, k := range keys {
				back = append(back, k.Owner)
			}
		}
	}
	slices.Sort(back)
	return counts, back, nil
}

type missing struct {
	db         *store.DB
	counts     map[string]*Count
	statements map[string]bool   // that were counted: many lines are of one
	erased     map[somebody]bool // executors
	// By whose papers, how many of a kind are not there. Who was erased is known when
	// every shard was read.
	unread map[somebody]map[string]uint64
}

// somebody is an executor of a book.
type somebody struct{ book, id string }

// place is a book's documents of a kind.
type place struct{ book, kind string }

func (m *missing) aggregates(ctx context.Context, shard int) error {
	for after := (store.AggregateKey{}); ; {
		rows, err := m.db.AllAggregates(ctx, shard, after, most)
		if err != nil || len(rows) == 0 {
			return err
		}
		named, signed := map[place][]store.PrivateID{}, map[place][]paperOf{}
		for _, r := range rows {
			after = r.Key
			refs, err := m.names(r)
			if err != nil {
				return fmt.Errorf("data of %s %s: %w", r.Key.Flow, r.Key.ID, err)
			}
			for kind, ref := range refs {
				at := place{r.Key.Book, kind}
				named[at] = append(named[at], store.PrivateID{ID: ref.ID, Version: int64(ref.Version)})
			}
			if err := errors.Join(people(r, named), papers(r, named), signatures(r, signed)); err != nil {
				return fmt.Errorf("data of %s %s: %w", r.Key.Flow, r.Key.ID, err)
			}
		}
		if err := errors.Join(m.look(ctx, named), m.lookSigned(ctx, signed)); err != nil {
			return err
		}
	}
}

// names lists by kind what an aggregate names.
func (m *missing) names(r store.AggregateRow) (map[string]Ref, error) {
	id, refs := r.Key.ID, map[string]Ref{}
	var err error
	switch r.Key.Flow {
	case "company":
		d := &flowv1.CompanyData{}
		err = proto.Unmarshal(r.Data, d)
		refs[kindCompany] = Ref{id, d.GetProfileVersion()}
	case "executor":
		d := &flowv1.ExecutorData{}
		err = proto.Unmarshal(r.Data, d)
		if d.GetProfileVersion() == 0 {
			m.erased[somebody{r.Key.Book, id}] = true
			return refs, err
		}
		refs[kindExecutor] = Ref{id, d.GetProfileVersion()}
		if v := d.GetRequisitesVersion(); v > 0 {
			refs[kindRequisites] = Ref{id, v}
		}
	case "invitation":
		d := &flowv1.InvitationData{}
		err = proto.Unmarshal(r.Data, d)
		if d.GetProfileVersion() > 0 && d.GetDoneDay() == "" { // after that it is kept as long as the person is
			refs[kindInvitation] = Ref{id, d.GetProfileVersion()}
		}
	case "registration":
		d := &flowv1.RegistrationData{}
		err = proto.Unmarshal(r.Data, d)
		if d.GetProfileVersion() == 0 { // nobody went on with it: it is forgotten
			return refs, err
		}
		refs[kindRegistration] = Ref{id, d.GetProfileVersion()}
		if v := max(d.GetAgreement().GetEvidenceVersion(), d.GetConditions().GetEvidenceVersion()); v > 0 {
			refs[kindEvidence] = Ref{id, v}
		}
	case "template":
		d := &flowv1.TemplateData{}
		err = proto.Unmarshal(r.Data, d)
		refs[kindTemplate] = Ref{id, d.GetVersion()}
	case "task":
		refs[kindTask], err = textOf(r)
	case "incoming":
		d := &flowv1.IncomingData{}
		err = proto.Unmarshal(r.Data, d)
		refs[kindLine] = Ref{id, max(d.GetVersion(), 1)}
		statement := d.GetStatementId()
		if key := r.Key.Book + " " + statement; statement != "" && !m.statements[key] {
			m.statements[key] = true
			refs[kindStatement] = Ref{statement, 1}
		}
	}
	return refs, err
}

// people lists who a company's users are, and the passwords of those who may come back.
func people(r store.AggregateRow, named map[place][]store.PrivateID) error {
	if r.Key.Flow != "user" {
		return nil
	}
	d := &flowv1.UsersData{}
	if err := proto.Unmarshal(r.Data, d); err != nil {
		return err
	}
	for _, u := range d.GetUsers() {
		profiles, passwords := place{r.Key.Book, kindUser}, place{r.Key.Book, kindCredential}
		named[profiles] = append(named[profiles], store.PrivateID{ID: u.GetId(), Version: int64(u.GetProfileVersion())})
		if v := u.GetCredentialVersion(); v > 0 && u.GetState() != "removed" {
			named[passwords] = append(named[passwords], store.PrivateID{ID: u.GetId(), Version: int64(v)})
		}
	}
	return nil
}

// papers lists the documents of months that a company was given.
func papers(r store.AggregateRow, named map[place][]store.PrivateID) error {
	if r.Key.Flow != "closing" {
		return nil
	}
	d := &flowv1.ClosingData{}
	if err := proto.Unmarshal(r.Data, d); err != nil {
		return err
	}
	for _, o := range d.GetDocuments() {
		at := place{r.Key.Book, kindClosingFile}
		named[at] = append(named[at], store.PrivateID{ID: o.GetPdfSha256(), Version: 1})
	}
	return nil
}

// paperOf is a document about one executor, sealed with his key.
type paperOf struct{ executor, id string }

// signatures lists the files that were signed, and what proves who signed them. What a
// signing by code has just taken and not told yet, its task does not name.
func signatures(r store.AggregateRow, named map[place][]paperOf) error {
	var executor string
	var given []*flowv1.Signature
	switch r.Key.Flow {
	case "task":
		d := &flowv1.TaskData{}
		if err := proto.Unmarshal(r.Data, d); err != nil {
			return err
		}
		executor = d.GetExecutorId()
		given = []*flowv1.Signature{d.GetAgreementExecutor(), d.GetAgreementCustomer(), d.GetActExecutor(), d.GetActCustomer()}
	case "sign":
		d := &flowv1.SignData{}
		if err := proto.Unmarshal(r.Data, d); err != nil {
			return err
		}
		if r.State == "telling" {
			executor, given = d.GetExecutorId(), []*flowv1.Signature{d.GetSignature()}
		}
	}
	files, evidence := place{r.Key.Book, kindSignedFile}, place{r.Key.Book, kindSigningEvidence}
	for i, g := range given {
		both := i%2 == 1 && given[i-1].GetSha256() == g.GetSha256() // two sides sign one file
		if id := g.GetSha256(); id != "" && !both {
			named[files] = append(named[files], paperOf{executor, id})
		}
		if id := g.GetStampedSha256(); id != "" {
			named[files] = append(named[files], paperOf{executor, id})
		}
		if id := g.GetEvidence(); id != "" {
			named[evidence] = append(named[evidence], paperOf{executor, id})
		}
	}
	return nil
}

// lookSigned counts papers of people.
func (m *missing) lookSigned(ctx context.Context, signed map[place][]paperOf) error {
	for at, papers := range signed {
		ids := make([]store.PrivateID, 0, len(papers))
		for _, p := range papers {
			ids = append(ids, store.PrivateID{Kind: at.kind, ID: p.id, Version: 1})
		}
		there, err := m.there(ctx, at, ids)
		if err != nil {
			return err
		}
		for _, p := range papers {
			if there[p.id] {
				continue
			}
			who := somebody{at.book, p.executor}
			if m.unread[who] == nil {
				m.unread[who] = map[string]uint64{}
			}
			m.unread[who][at.kind]++
		}
	}
	return nil
}

// forgiveErased takes the papers of people who were erased out of the counts: they went
// with the people's keys.
func (m *missing) forgiveErased() {
	for who, kinds := range m.unread {
		for kind, n := range kinds {
			if m.erased[who] {
				m.counts[kind].Named -= n
				m.counts[kind].Missing -= n
			}
		}
	}
}

// textOf names the version of a task's texts that counts.
func textOf(r store.AggregateRow) (Ref, error) {
	d := &flowv1.TaskData{}
	err := proto.Unmarshal(r.Data, d)
	return Ref{r.Key.ID, max(d.GetTextVersion(), 1)}, err
}

// payouts counts the notes of payments that were sent; they are named by their attempts. One
// that was refused before anybody saw it has none.
func (m *missing) payouts(ctx context.Context, shard int) error {
	for after := ""; ; {
		rows, err := m.db.AllEffects(ctx, shard, after, most)
		if err != nil || len(rows) == 0 {
			return err
		}
		named := map[place][]store.PrivateID{}
		for _, r := range rows {
			after = r.Effect.GetAttempt()
			if e := r.Effect; e.GetPort() == kindPayout && e.GetAnswers() > 0 && e.GetStatus() != port.NotSent { // noted before it was sent
				ask := &flowv1.PayoutAsk{} // of a return it has no executor
				if proto.Unmarshal(r.Effect.GetBody(), ask) == nil && m.erased[somebody{r.Book, ask.GetExecutorId()}] {
					continue
				}
				at := place{r.Book, kindPayout}
				named[at] = append(named[at], store.PrivateID{ID: after, Version: 1})
			}
		}
		if err := m.look(ctx, named); err != nil {
			return err
		}
	}
}

func (m *missing) look(ctx context.Context, named map[place][]store.PrivateID) error {
	for at, ids := range named {
		for i := range ids {
			ids[i].Kind = at.kind
		}
		if _, err := m.there(ctx, at, ids); err != nil {
			return err
		}
	}
	return nil
}

// there counts documents, and answers the ids of those that can be read.
func (m *missing) there(ctx context.Context, at place, ids []store.PrivateID) (map[string]bool, error) {
	c := m.counts[at.kind]
	if c == nil {
		c = &Count{Kind: at.kind}
		m.counts[at.kind] = c
	}
	there := map[string]bool{}
	for chunk := range slices.Chunk(ids, most) {
		rows, err := m.db.GetPrivate(ctx, at.book, chunk)
		if err != nil {
			return nil, err
		}
		c.Named += uint64(len(chunk))
		c.Missing += uint64(len(chunk))
		for _, r := range rows {
			if r.Owner == "" || len(r.Key.Wrapped) > 0 { // without its key a row is noise
				c.Missing--
				there[r.ID] = true
			}
		}
	}
	return there, nil
}
