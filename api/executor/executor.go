package executor

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/contact"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/flow/login"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// Service is ExecutorService.
type Service struct{ *gate.Gate }

// New makes the service.
func New(g *gate.Gate) *Service { return &Service{g} }

// The product's words for kinds of employment.
var Kinds = map[string]flowv1.EmploymentKind{
	"selfemployed":   flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED,
	"civil_contract": flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT,
	"entrepreneur":   flowv1.EmploymentKind_EMPLOYMENT_KIND_ENTREPRENEUR,
}

// KindWord is the product's word for a kind of employment.
func KindWord(k flowv1.EmploymentKind) string {
	for word, kind := range Kinds {
		if kind == k {
			return word
		}
	}
	return ""
}

// RegisterExecutor implements ExecutorService.
func (s *Service) RegisterExecutor(ctx context.Context, req *executorv1.RegisterExecutorRequest) (*executorv1.RegisterExecutorResponse, error) {
	profile, refusal := ReadPerson(req.GetPerson(), s.Today())
	if refusal != nil {
		return nil, refusal
	}
	where, refusal := ReadRequisites(req.GetRequisites(), profile, Kinds[req.GetEmploymentKind()])
	if refusal != nil {
		return nil, refusal
	}
	var outcomes []engine.Outcome
	err := gate.Again(func() (err error) {
		outcomes, err = s.register(ctx, req, profile, where)
		return err
	})
	if err != nil {
		return nil, err
	}
	out, err := s.after(ctx, req.GetBook(), outcomes[0])
	if err != nil {
		return nil, err
	}
	if company := gate.CallOf(ctx).Who.Owner; company != "" {
		if err := s.meet(ctx, req.GetBook(), out.GetExecutorId(), company, contact.Registered); err != nil {
			return nil, err
		}
	}
	return &executorv1.RegisterExecutorResponse{Executor: out, Position: gate.PositionOf(outcomes), Replayed: outcomes[0].Replayed}, nil
}

// meet notes that a company knows an executor. Once is enough: other words than "again
// with the same key" do not matter.
func (s *Service) meet(ctx context.Context, book, executorID, company, way string) error {
	id := contact.ID(executorID, company)
	c := &gate.Change{Key: "contact:" + way + ":" + id, Flow: contact.Name, ID: id, Owner: company, Event: contact.Meet}
	c.Say(&flowv1.ContactMeet{ExecutorId: executorID, Way: way})
	if r := s.SubmitChanges(ctx, book, false, []*gate.Change{c})[0].Refusal; r != nil && r.Code.Lookup().Retry == fault.RetrySame {
		return r
	}
	return nil
}

func (s *Service) register(ctx context.Context, req *executorv1.RegisterExecutorRequest, profile *privatev1.ExecutorProfile, where *privatev1.Requisites) ([]engine.Outcome, error) {
	book, id := req.GetBook(), s.Vault.ExecutorID(req.GetBook(), profile.GetInn())
	c := s.NewChange("RegisterExecutor", req.GetKey(), req)
	c.Flow, c.ID, c.Owner, c.Event = executor.Name, id, id, executor.Register
	if err := s.Recall(ctx, book, c); err != nil {
		return nil, err
	}
	draft := s.Vault.Draft(book)
	if c.Fresh() {
		_, known, err := s.WithINN(ctx, book, profile.GetInn())
		if err != nil {
			return nil, err
		}
		if known.ID != "" {
			return nil, s.Exists(ctx, book, c,
				fault.Refuse(fault.AlreadyExists, "person.inn", "the executor of this INN is %s", known.ID).With("executor_id", known.ID))
		}
		body := &flowv1.ExecutorRegister{Kind: Kinds[req.GetEmploymentKind()], Nonresident: req.GetNonresident()}
		if body.ProfileVersion, err = gate.NextVersion(s.Vault.Executors(ctx, book, private.Ref{ID: id})); err != nil {
			return nil, err
		}
		draft.Executor(id, body.GetProfileVersion(), profile)
		if where != nil {
			if body.RequisitesVersion, err = gate.NextVersion(s.Vault.Requisites(ctx, book, private.Ref{ID: id})); err != nil {
				return nil, err
			}
			draft.Requisites(id, body.GetRequisitesVersion(), where)
			body.Way, _ = limit.WayOf(string(private.Way(where)))
		}
		c.Say(body)
	}
	return s.Commit(ctx, book, draft, false, []*gate.Change{c})
}

// WithINN is the id that an INN gives a new person, and who has or had the INN, if anybody.
func (s *Service) WithINN(ctx context.Context, book, inn string) (id string, known Person, err error) {
	id = s.Vault.ExecutorID(book, inn)
	found, err := s.Vault.Find(ctx, book, private.ExecutorINN, inn)
	if err != nil {
		return id, known, err
	}
	people, err := s.People(ctx, book, append(found[inn], id))
	if err != nil {
		return id, known, err
	}
	var list []Person
	for _, p := range people {
		if private.Known(p.Profile, inn) {
			list = append(list, p)
		}
	}
	if list = nearest(list, inn); len(list) > 0 {
		return id, list[0], nil
	}
	return id, people[id], nil
}

// nearest are those of some who have or had an INN that it means: who has it now before who
// had it, who may be chosen for tasks before who may not.
func nearest(list []Person, inn string) []Person {
	slices.SortFunc(list, func(a, b Person) int { return cmp.Compare(a.ID, b.ID) })
	for _, better := range []func(Person) bool{
		func(p Person) bool { return p.Profile.GetInn() == inn },
		func(p Person) bool { return p.State == executor.Registered },
	} {
		var some []Person
		for _, p := range list {
			if better(p) {
				some = append(some, p)
			}
		}
		if len(some) > 0 {
			list = some
		}
	}
	return list
}

// UpdateExecutor implements ExecutorService.
func (s *Service) UpdateExecutor(ctx context.Context, req *executorv1.UpdateExecutorRequest) (*executorv1.UpdateExecutorResponse, error) {
	var profile *privatev1.ExecutorProfile
	if req.GetPerson() != nil {
		var refusal *fault.Refusal
		if profile, refusal = ReadPerson(req.GetPerson(), s.Today()); refusal != nil {
			return nil, refusal
		}
	}
	moved := false // to another phone
	o, err := s.update(ctx, "UpdateExecutor", req, executor.SetProfile, func(draft *private.Draft, c *gate.Change) error {
		body := &flowv1.ExecutorSetProfile{Kind: Kinds[req.GetEmploymentKind()], Nonresident: req.GetNonresident()}
		if profile != nil {
			before, err := s.People(ctx, req.GetBook(), []string{c.ID})
			if err != nil {
				return err
			}
			was := before[c.ID].Profile
			if was.GetInn() != profile.GetInn() {
				return fault.Refuse(fault.INNInvalid, "person.inn", "the INN of an executor stays, unless the tax service says that it is another")
			}
			moved, profile.FormerInns = was.GetPhone() != profile.GetPhone(), was.GetFormerInns()
			version, err := gate.NextVersion(s.Vault.Executors(ctx, req.GetBook(), private.Ref{ID: c.ID}))
			if err != nil {
				return err
			}
			draft.Executor(c.ID, version, profile)
			body.ProfileVersion, body.OtherPhone = version, moved
		}
		c.Say(body)
		return s.payable(ctx, req.GetBook(), c.ID, body.GetKind())
	})
	if err != nil {
		return nil, err
	}
	out, err := s.after(ctx, req.GetBook(), o)
	if err != nil {
		return nil, err
	}
	if moved {
		if err := s.endSessions(ctx, req.GetBook(), req.GetExecutorId()); err != nil {
			return nil, err
		}
	}
	s.recheck(ctx, req.GetBook(), req.GetExecutorId(), o)
	return &executorv1.UpdateExecutorResponse{Executor: out, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// endSessions ends what a person has open in the application: whoever has the new phone logs
// in with it.
func (s *Service) endSessions(ctx context.Context, book, id string) error {
	c := &gate.Change{Flow: login.Name, ID: id, Owner: id, Event: login.EndSessions, Key: gate.NewID()}
	o := s.SubmitChanges(ctx, book, false, []*gate.Change{c})[0]
	switch {
	case o.Refusal != nil && o.Refusal.Code == fault.NotFound:
		return nil // he never logged in
	case o.Refusal != nil:
		return o.Refusal
	}
	s.EndSessions(ctx, book, id, time.UnixMicro(gate.FromRecord(o.Record).UpdatedUS).Add(time.Millisecond))
	return s.DB.ForgetDevices(ctx, book, id, "")
}

// SetRequisites implements ExecutorService.
func (s *Service) SetRequisites(ctx context.Context, req *executorv1.SetRequisitesRequest) (*executorv1.SetRequisitesResponse, error) {
	o, err := s.update(ctx, "SetRequisites", req, executor.SetRequisites, func(draft *private.Draft, c *gate.Change) error {
		people, err := s.People(ctx, req.GetBook(), []string{c.ID}) // in the version that the books name
		if err != nil {
			return err
		}
		where, refusal := ReadRequisites(req.GetRequisites(), people[c.ID].Profile, people[c.ID].Data.GetKind())
		if refusal != nil {
			return refusal
		}
		version, err := gate.NextVersion(s.Vault.Requisites(ctx, req.GetBook(), private.Ref{ID: c.ID}))
		if err != nil {
			return err
		}
		draft.Requisites(c.ID, version, where)
		way, _ := limit.WayOf(string(private.Way(where)))
		c.Say(&flowv1.ExecutorSetRequisites{RequisitesVersion: version, Way: way})
		return nil
	})
	if err != nil {
		return nil, err
	}
	out, err := s.after(ctx, req.GetBook(), o)
	if err != nil {
		return nil, err
	}
	s.recheck(ctx, req.GetBook(), req.GetExecutorId(), o)
	return &executorv1.SetRequisitesResponse{Executor: out, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// executorRequest is a request that changes one executor.
type executorRequest interface {
	gate.ChangeRequest
	GetExecutorId() string
}

// update makes a change with private data of an executor that exists.
func (s *Service) update(ctx context.Context, method string, req executorRequest, event string, make func(*private.Draft, *gate.Change) error) (engine.Outcome, error) {
	var outcomes []engine.Outcome
	err := gate.Again(func() error {
		c := s.NewChange(method, req.GetKey(), req)
		c.Flow, c.ID, c.Owner, c.Event = executor.Name, req.GetExecutorId(), req.GetExecutorId(), event
		if err := s.Recall(ctx, req.GetBook(), c); err != nil {
			return err
		}
		draft := s.Vault.Draft(req.GetBook())
		if c.Fresh() {
			if _, err := s.Must(ctx, req.GetBook(), executor.Name, "executor_id", c.ID); err != nil {
				return err
			}
			if err := make(draft, c); err != nil {
				return err
			}
		}
		var err error
		outcomes, err = s.Commit(ctx, req.GetBook(), draft, false, []*gate.Change{c})
		return err
	})
	if err != nil {
		return engine.Outcome{}, err
	}
	if outcomes[0].Refusal != nil {
		return outcomes[0], gate.IDField(outcomes[0].Refusal, "executor_id")
	}
	return outcomes[0], nil
}

// BlockExecutor implements ExecutorService.
func (s *Service) BlockExecutor(ctx context.Context, req *executorv1.BlockExecutorRequest) (*executorv1.BlockExecutorResponse, error) {
	c := &gate.Change{Key: req.GetKey(), Flow: executor.Name, ID: req.GetExecutorId(), Owner: req.GetExecutorId(), Event: executor.Block}
	c.Say(&flowv1.ExecutorBlock{Code: req.GetCode()})
	o := s.SubmitChanges(ctx, req.GetBook(), false, []*gate.Change{c})[0]
	out, err := s.after(ctx, req.GetBook(), o)
	if err != nil {
		return nil, err
	}
	return &executorv1.BlockExecutorResponse{Executor: out, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// UnblockExecutor implements ExecutorService.
func (s *Service) UnblockExecutor(ctx context.Context, req *executorv1.UnblockExecutorRequest) (*executorv1.UnblockExecutorResponse, error) {
	if err := s.aloneWithINN(ctx, req.GetBook(), req.GetExecutorId()); err != nil {
		return nil, err
	}
	c := &gate.Change{Key: req.GetKey(), Flow: executor.Name, ID: req.GetExecutorId(), Owner: req.GetExecutorId(), Event: executor.Unblock}
	o := s.SubmitChanges(ctx, req.GetBook(), false, []*gate.Change{c})[0]
	out, err := s.after(ctx, req.GetBook(), o)
	if err != nil {
		return nil, err
	}
	return &executorv1.UnblockExecutorResponse{Executor: out, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// aloneWithINN refuses to let somebody work whose INN another executor has who works: one of
// them was blocked when the tax service's list told of a changed INN.
func (s *Service) aloneWithINN(ctx context.Context, book, id string) error {
	people, err := s.People(ctx, book, []string{id})
	if err != nil {
		return err
	}
	inn := people[id].Profile.GetInn()
	if inn == "" {
		return nil // there is nobody, or he is erased: the flow says so
	}
	_, known, err := s.WithINN(ctx, book, inn)
	if err != nil || known.ID == id || known.State != executor.Registered {
		return err
	}
	return fault.Refuse(fault.AlreadyExists, "executor_id", "the INN is executor %s's", known.ID).With("executor_id", known.ID)
}
