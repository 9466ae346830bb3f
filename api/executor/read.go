package executor

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/npd"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// GetExecutor implements ExecutorService.
func (s *Service) GetExecutor(ctx context.Context, req *executorv1.GetExecutorRequest) (*executorv1.GetExecutorResponse, error) {
	c := gate.CallOf(ctx)
	if req.GetUnmask() && !c.Who.Has(gate.RolePersonal) {
		return nil, fault.Refuse(fault.PermissionDenied, "unmask", "the key has not the role %s", gate.RolePersonal)
	}
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	a, err := s.Must(ctx, req.GetBook(), executor.Name, "executor_id", req.GetExecutorId())
	if err != nil {
		return nil, err
	}
	if req.GetUnmask() {
		s.Logger.InfoContext(ctx, "personal data was shown",
			"request_id", c.RequestID, "api_key", c.Who.ID, "book", req.GetBook(), "executor", a.ID)
	}
	out, err := s.Message(ctx, req.GetBook(), a, !req.GetUnmask())
	return &executorv1.GetExecutorResponse{Executor: out}, err
}

// FindExecutors implements ExecutorService.
func (s *Service) FindExecutors(ctx context.Context, req *executorv1.FindExecutorsRequest) (*executorv1.FindExecutorsResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	if req.GetName() != "" && req.GetInn()+req.GetPhone() == "" {
		return s.findByName(ctx, req.GetBook(), req.GetName())
	}
	ref := &taskv1.ExecutorRef{ExecutorInn: req.GetInn(), Executor: req.GetPhone()}
	found, err := s.Find(ctx, req.GetBook(), []*taskv1.ExecutorRef{ref}, "", "inn", "phone")
	if err != nil {
		return nil, err
	}
	if found[0].Refusal != nil && found[0].Refusal.Code.Lookup().Kind == fault.Invalid && len(found[0].all) == 0 {
		return nil, found[0].Refusal
	}
	answer := &executorv1.FindExecutorsResponse{}
	answer.Executors, err = s.messages(ctx, req.GetBook(), found[0].all[:min(len(found[0].all), mostNamed)])
	return answer, err
}

// How many candidates are read in a set, and for one answer.
const (
	readSet  = 500
	mostRead = 5000
)

// mostNamed bounds the executors that are found by words of their names, or by a phone.
const mostNamed = 50

// findByName finds executors by words of their names, those whose data is newest first.
func (s *Service) findByName(ctx context.Context, book, name string) (*executorv1.FindExecutorsResponse, error) {
	words := private.SearchWords(name)
	if words == nil {
		return nil, fault.Refuse(fault.Malformed, "name", "no word has %d letters", private.LeastLetters)
	}
	var at *store.WordPlace
	var people []Person
	var err error
	for n := 0; n < mostRead && len(people) < mostNamed; n += readSet {
		places, err := s.Vault.Candidates(ctx, book, private.ExecutorNames, words, at, readSet)
		if err != nil {
			return nil, err
		}
		if len(places) == 0 {
			break
		}
		at = &places[len(places)-1]
		found, err := s.Named(ctx, book, words, places, func(ids []string) ([]string, error) { return ids, nil })
		if err != nil {
			return nil, err
		}
		people = append(people, found...)
	}
	answer := &executorv1.FindExecutorsResponse{}
	answer.Executors, err = s.messages(ctx, book, people[:min(len(people), mostNamed)])
	return answer, err
}

// messages shows people, masked; what belongs to them is read in sets.
func (s *Service) messages(ctx context.Context, book string, people []Person) ([]*executorv1.Executor, error) {
	refs, ids := []private.Ref{}, make([]string, len(people))
	for i, p := range people {
		ids[i] = p.ID
		if v := p.Data.GetRequisitesVersion(); v > 0 {
			refs = append(refs, private.Ref{ID: p.ID, Version: v})
		}
	}
	where, err := s.Vault.Requisites(ctx, book, refs...)
	if err != nil {
		return nil, err
	}
	standing, _, err := s.Load(ctx, book, npd.Name, ids...)
	if err != nil {
		return nil, err
	}
	var out []*executorv1.Executor
	for _, p := range people {
		m, err := s.message(p.Aggregate, p.Data, p.Profile, where[p.ID].Content, standing[p.ID], true)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// Found is whom a reference means.
type Found struct {
	Person
	all     []Person // everybody who fits
	Refusal *fault.Refusal
}

// Find finds whom references mean: the id, or INN and phone, both when both
// are given. The fields name them in refusals.
func (s *Service) Find(ctx context.Context, book string, refs []*taskv1.ExecutorRef, idName, innName, phoneName string) ([]Found, error) {
	out := make([]Found, len(refs))
	phones := make([]string, len(refs))
	var inns, numbers, ids []string
	for i, r := range refs {
		if r.GetExecutor() != "" {
			phones[i], out[i].Refusal = requisite.Phone(phoneName, r.GetExecutor())
		}
		if r.GetExecutorInn() != "" && out[i].Refusal == nil {
			out[i].Refusal = requisite.PersonINN(innName, r.GetExecutorInn())
		}
		ids = append(ids, r.GetExecutorId())
		inns, numbers = append(inns, r.GetExecutorInn()), append(numbers, phones[i])
	}
	byINN, err := s.Vault.Find(ctx, book, private.ExecutorINN, inns...)
	if err != nil {
		return nil, err
	}
	byPhone, err := s.Vault.Find(ctx, book, private.ExecutorPhone, numbers...)
	if err != nil {
		return nil, err
	}
	for _, found := range []map[string][]string{byINN, byPhone} {
		for _, list := range found {
			ids = append(ids, list...)
		}
	}
	people, err := s.People(ctx, book, ids)
	if err != nil {
		return nil, err
	}
	for i, r := range refs {
		if out[i].Refusal != nil {
			continue
		}
		field := innName
		var candidates []string
		switch {
		case r.GetExecutorId() != "":
			field, candidates = idName, []string{r.GetExecutorId()}
		case r.GetExecutorInn() != "":
			candidates = byINN[r.GetExecutorInn()]
		default:
			field, candidates = phoneName, byPhone[phones[i]]
		}
		out[i].pick(people, candidates, r, phones[i], field)
	}
	return out, nil
}

// Person is an executor with the version of the data that it names.
type Person struct {
	gate.Aggregate
	Data    *flowv1.ExecutorData
	Profile *privatev1.ExecutorProfile
}

// Stamp is what a task's command says about the person.
func (p Person) Stamp() *flowv1.ExecutorStamp {
	civil := p.Data.GetKind() == flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT
	return executor.Stamp(p.Data, civil && len(private.Unidentified(p.Profile)) > 0)
}

// People reads executors that exist, by id.
func (s *Service) People(ctx context.Context, book string, ids []string) (map[string]Person, error) {
	rows, _, err := s.Load(ctx, book, executor.Name, ids...)
	if err != nil {
		return nil, err
	}
	list, err := s.profiles(ctx, book, slices.Collect(maps.Values(rows)))
	if err != nil {
		return nil, err
	}
	out := make(map[string]Person, len(list))
	for _, p := range list {
		out[p.ID] = p
	}
	return out, nil
}

// profiles reads the data that executors name.
func (s *Service) profiles(ctx context.Context, book string, rows []gate.Aggregate) ([]Person, error) {
	out, refs := make([]Person, len(rows)), make([]private.Ref, len(rows))
	for i, a := range rows {
		out[i] = Person{a, new(flowv1.ExecutorData), new(privatev1.ExecutorProfile)}
		if err := a.Read(out[i].Data); err != nil {
			return nil, err
		}
		refs[i] = private.Ref{ID: a.ID, Version: out[i].Data.GetProfileVersion()}
	}
	docs, err := s.Vault.Executors(ctx, book, refs...)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if d, ok := docs[out[i].ID]; ok {
			out[i].Profile = d.Content
		}
	}
	return out, nil
}

// pick takes the one candidate whose data fits all that was given.
func (f *Found) pick(people map[string]Person, candidates []string, r *taskv1.ExecutorRef, phone, field string) {
	var fit []Person
	slices.Sort(candidates)
	for _, id := range slices.Compact(candidates) {
		p, ok := people[id]
		if ok && (r.GetExecutorInn() == "" || private.Known(p.Profile, r.GetExecutorInn())) && (phone == "" || p.Profile.GetPhone() == phone) {
			fit = append(fit, p)
		}
	}
	if r.GetExecutorInn() != "" {
		fit = nearest(fit, r.GetExecutorInn())
	}
	for _, p := range fit {
		f.Person, f.all = p, append(f.all, p)
	}
	switch {
	case len(f.all) == 0:
		f.Refusal = fault.Refuse(fault.NotFound, field, "no executor of the book fits")
	case len(f.all) > 1:
		f.Refusal = fault.Refuse(fault.Malformed, field, "%d executors fit; give the INN", len(f.all))
	case f.State != executor.Registered:
		f.Refusal = fault.Refuse(fault.WrongState, field, "the executor is %s", f.State).With("state", f.State)
	}
}

func (s *Service) after(ctx context.Context, book string, o engine.Outcome) (*executorv1.Executor, error) {
	if o.Refusal != nil {
		return nil, gate.IDField(o.Refusal, "executor_id")
	}
	return s.Message(ctx, book, gate.FromRecord(o.Record), true)
}

// Message joins what the flow keeps with the versions that it names.
func (s *Service) Message(ctx context.Context, book string, a gate.Aggregate, masked bool) (*executorv1.Executor, error) {
	d := new(flowv1.ExecutorData)
	if err := a.Read(d); err != nil {
		return nil, err
	}
	profile, ok, err := private.Only(s.Vault.Executors(ctx, book, private.Ref{ID: a.ID, Version: d.GetProfileVersion()}))
	if err != nil {
		return nil, err
	}
	if !ok && !gone(a) {
		return nil, fmt.Errorf("executor %s names version %d of its data, which is not there", a.ID, d.GetProfileVersion())
	}
	var where *privatev1.Requisites
	if d.GetRequisitesVersion() > 0 && !gone(a) {
		doc, ok, err := private.Only(s.Vault.Requisites(ctx, book, private.Ref{ID: a.ID, Version: d.GetRequisitesVersion()}))
		if err != nil {
			return nil, err
		}
		if ok {
			where = doc.Content
		}
	}
	standing, err := s.AtNPD(ctx, book, a.ID)
	if err != nil {
		return nil, err
	}
	return s.message(a, d, profile.Content, where, standing, masked)
}

// gone says whether an executor's data is erased, or going.
func gone(a gate.Aggregate) bool { return a.State == executor.Erasing || a.State == executor.Erased }

// message shows an executor; where is nil when there are no requisites, standing is
// what is known of the person at the tax service.
func (s *Service) message(a gate.Aggregate, d *flowv1.ExecutorData, profile *privatev1.ExecutorProfile, where *privatev1.Requisites, standing gate.Aggregate, masked bool) (*executorv1.Executor, error) {
	out := &executorv1.Executor{
		ExecutorId: a.ID, State: a.State, StateTitle: s.Title(executor.Name, a.State), EmploymentKind: KindWord(d.GetKind()),
		Nonresident: d.GetNonresident(), PersonVersion: d.GetProfileVersion(), RequisitesVersion: d.GetRequisitesVersion(),
		Masked: masked, BlockedCode: d.GetBlockedCode(), RegisteredDay: d.GetRegisteredDay(),
		ErasedDay: d.GetErasedDay(),
	}
	if gone(a) {
		return out, nil // nothing is shown while it goes
	}
	out.Person, out.Lacks, out.InnTakenBy = PersonMessage(profile, masked), lacks(d, profile), d.GetInnTakenBy()
	for _, f := range profile.GetFormerInns() {
		former := &executorv1.FormerInn{Inn: f.GetInn(), UntilDay: f.GetUntilDay()}
		if masked {
			former.Inn = private.MaskINN(former.Inn)
		}
		out.FormerInns = append(out.FormerInns, former)
	}
	if where != nil {
		out.Requisites = requisitesMessage(where, masked)
	}
	out.DisputedDay, out.DisputedTask, out.DisputedCode = d.GetDisputedDay(), d.GetDisputedTask(), d.GetDisputedCode()
	out.SettledCode, out.SettledDay = d.GetSettledCode(), d.GetSettledDay()
	by, err := proofOf(d, standing)
	if err != nil {
		return nil, err
	}
	out.PhoneProof = string(by)
	out.SelfemployedStatus, err = selfemployedStatus(standing)
	return out, err
}

// Named are the executors of places whose name, as it is now, has the words, in the order
// of the places; narrow leaves some out before anything of them is read.
func (s *Service) Named(ctx context.Context, book string, words []string, places []store.WordPlace, narrow func(ids []string) ([]string, error)) ([]Person, error) {
	ids := make([]string, len(places))
	for i, p := range places {
		ids[i] = p.ID
	}
	some := slices.Clone(ids)
	slices.Sort(some)
	some, err := narrow(slices.Compact(some))
	if err != nil {
		return nil, err
	}
	people, err := s.People(ctx, book, some)
	if err != nil {
		return nil, err
	}
	var out []Person
	for i, id := range ids {
		p, ok := people[id]
		if ok && int64(p.Data.GetProfileVersion()) == places[i].Version && private.Matches(words, private.FullName(p.Profile)) {
			out = append(out, p)
		}
	}
	return out, nil
}
