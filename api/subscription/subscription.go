package subscription

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/api/postback"
	"github.com/provodka/provodka/api/product"
	tasks "github.com/provodka/provodka/api/task"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/contact"
	"github.com/provodka/provodka/engine/flow/invitation"
	"github.com/provodka/provodka/engine/flow/npd"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	subscriptionv1 "github.com/provodka/provodka/proto/gen/provodka/subscription/v1"
)

// Service is SubscriptionService.
type Service struct {
	*gate.Gate
	tasks   *tasks.Service
	private bool          // postbacks may go over plain HTTP and to our own networks
	every   time.Duration // between looks for something to tell
}

// New makes the service. Postbacks go over plain HTTP and into our own networks when private;
// every is between two looks for something to tell.
func New(g *gate.Gate, tasks *tasks.Service, private bool, every time.Duration) *Service {
	return &Service{Gate: g, tasks: tasks, private: private, every: every}
}

// maxSubscriptions is how many a company may have.
const maxSubscriptions = 20

// CreateSubscription implements SubscriptionService.
func (s *Service) CreateSubscription(ctx context.Context, req *subscriptionv1.CreateSubscriptionRequest) (*subscriptionv1.CreateSubscriptionResponse, error) {
	if refusal := s.checkSubscription(req); refusal != nil {
		return nil, refusal
	}
	if _, err := s.Must(ctx, req.GetBook(), company.Name, "company_id", req.GetCompanyId()); err != nil {
		return nil, err
	}
	shards, err := s.DB.Shards(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the shards: %w", err)
	}
	made := store.Subscription{
		ID: s.Vault.SubscriptionID(req.GetBook(), req.GetCompanyId(), req.GetKey()), Book: req.GetBook(), Owner: req.GetCompanyId(),
		URI: req.GetUri(), Method: req.GetHttpMethod(), Events: req.GetSubscribedOn(), Created: s.Now(),
		Shard: book.Home(req.GetBook(), req.GetCompanyId(), len(shards)), // where all its tasks are decided
	}
	if made.Method == "" {
		made.Method = "POST"
	}
	for _, h := range shards {
		if h.Shard == made.Shard {
			made.Seq = h.Head.Seq // what happens from now on
		}
	}
	all, err := s.DB.ListSubscriptions(ctx, made.Book, made.Owner, maxSubscriptions)
	if err != nil {
		return nil, err
	}
	there := slices.IndexFunc(all, func(o store.Subscription) bool { return o.ID == made.ID })
	switch {
	case there >= 0 && (all[there].URI != made.URI || all[there].Method != made.Method || !slices.Equal(all[there].Events, made.Events)):
		return nil, fault.Refuse(fault.KeyReused, "key", "the key made another subscription")
	case there >= 0:
		made = all[there]
	case len(all) == maxSubscriptions:
		return nil, fault.Refuse(fault.WrongState, "company_id", "a company has at most %d subscriptions", maxSubscriptions)
	default:
		if err := s.DB.PutSubscription(ctx, made); err != nil {
			return nil, err
		}
	}
	return &subscriptionv1.CreateSubscriptionResponse{
		Subscription: subscriptionMessage(made), Secret: postback.Secret(s.Vault.SubscriptionSecret(made.ID)),
	}, nil
}

func (s *Service) checkSubscription(req *subscriptionv1.CreateSubscriptionRequest) *fault.Refusal {
	if err := postback.CheckURI(req.GetUri(), s.private); err != nil {
		return fault.Refuse(fault.Malformed, "uri", "%s", err)
	}
	f, ok := s.Flows.Lookup(task.Name)
	if !ok {
		return fault.Refuse(fault.Internal, "", "there are no tasks")
	}
	for _, event := range req.GetSubscribedOn() {
		if !postback.OfPeople(event) && !slices.Contains(f.Events(), event) {
			return fault.Refuse(fault.Malformed, "subscribed_on", "there is no event %.64q", event)
		}
	}
	return nil
}

// ListSubscriptions implements SubscriptionService.
func (s *Service) ListSubscriptions(ctx context.Context, req *subscriptionv1.ListSubscriptionsRequest) (*subscriptionv1.ListSubscriptionsResponse, error) {
	all, err := s.DB.ListSubscriptions(ctx, req.GetBook(), req.GetCompanyId(), maxSubscriptions)
	answer := &subscriptionv1.ListSubscriptionsResponse{}
	for _, row := range all {
		answer.Subscriptions = append(answer.Subscriptions, subscriptionMessage(row))
	}
	return answer, err
}

// ListDeliveries implements SubscriptionService.
func (s *Service) ListDeliveries(ctx context.Context, req *subscriptionv1.ListDeliveriesRequest) (*subscriptionv1.ListDeliveriesResponse, error) {
	var before store.Delivery
	if _, refusal := s.Cursor(ctx, req, &before); refusal != nil {
		return nil, refusal
	}
	row, err := s.subscription(ctx, req.GetBook(), req.GetCompanyId(), req.GetSubscriptionId())
	if err != nil {
		return nil, err
	}
	limit := gate.PageSize(req.GetPageSize())
	list, err := s.DB.Deliveries(ctx, row, before, limit)
	if err != nil {
		return nil, err
	}
	answer := &subscriptionv1.ListDeliveriesResponse{}
	for _, d := range list {
		answer.Deliveries = append(answer.Deliveries, deliveryMessage(d))
	}
	if len(list) == limit {
		last := list[len(list)-1]
		answer.NextPageToken, err = s.Token(ctx, req, store.Delivery{At: last.At, Seq: last.Seq})
	}
	return answer, err
}

func deliveryMessage(d store.Delivery) *subscriptionv1.Delivery {
	out := &subscriptionv1.Delivery{
		Position: gate.RecordID(d.Shard, d.Seq), Event: d.Event, Attempt: uint32(d.Attempt), SentAt: timestamppb.New(d.At),
		Status: uint32(d.Status), LatencyMs: uint32(d.Latency.Milliseconds()), Error: d.Error,
	}
	if !d.Next.IsZero() {
		out.NextAt = timestamppb.New(d.Next)
	}
	return out
}

// ReplaySubscription implements SubscriptionService.
func (s *Service) ReplaySubscription(ctx context.Context, req *subscriptionv1.ReplaySubscriptionRequest) (*subscriptionv1.ReplaySubscriptionResponse, error) {
	row, err := s.subscription(ctx, req.GetBook(), req.GetCompanyId(), req.GetSubscriptionId())
	if err != nil {
		return nil, err
	}
	if req.GetFrom() != "" {
		shard, seq, ok := strings.Cut(req.GetFrom(), ".")
		from, err := strconv.ParseUint(seq, 10, 63)
		if !ok || err != nil || shard != strconv.Itoa(row.Shard) || from > row.Seq {
			return nil, fault.Refuse(fault.Malformed, "from", "a position of shard %d, at most %s", row.Shard, gate.RecordID(row.Shard, row.Seq))
		}
		row.Seq = from
	}
	there, err := s.DB.ReplaySubscription(ctx, row, s.Now())
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, noSubscription(row.ID)
	}
	row.Paused, row.Failures, row.Error = false, 0, ""
	return &subscriptionv1.ReplaySubscriptionResponse{Subscription: subscriptionMessage(row)}, nil
}

// DeleteSubscription implements SubscriptionService.
func (s *Service) DeleteSubscription(ctx context.Context, req *subscriptionv1.DeleteSubscriptionRequest) (*subscriptionv1.DeleteSubscriptionResponse, error) {
	there, err := s.DB.DeleteSubscription(ctx, req.GetBook(), req.GetCompanyId(), req.GetSubscriptionId())
	if err == nil && !there {
		err = noSubscription(req.GetSubscriptionId())
	}
	return &subscriptionv1.DeleteSubscriptionResponse{}, err
}

func (s *Service) subscription(ctx context.Context, bookName, owner, id string) (store.Subscription, error) {
	all, err := s.DB.ListSubscriptions(ctx, bookName, owner, maxSubscriptions)
	if err != nil {
		return store.Subscription{}, err
	}
	for _, row := range all {
		if row.ID == id {
			return row, nil
		}
	}
	return store.Subscription{}, noSubscription(id)
}

func noSubscription(id string) *fault.Refusal {
	return fault.Refuse(fault.NotFound, "subscription_id", "the company has no subscription %q", id)
}

func subscriptionMessage(s store.Subscription) *subscriptionv1.Subscription {
	state := "active"
	if s.Paused {
		state = "paused"
	}
	return &subscriptionv1.Subscription{
		Id: s.ID, Uri: s.URI, HttpMethod: s.Method, SubscribedOn: s.Events, State: state, Position: gate.RecordID(s.Shard, s.Seq),
		Failures: uint32(s.Failures), Error: s.Error, CreatedAt: timestamppb.New(s.Created),
	}
}

// Postbacks makes what delivers to subscriptions. Every process with an API may run
// it: a subscription is worked on by one at a time.
func (s *Service) Postbacks(process string) (*postback.Deliverer, error) {
	return postback.New(postback.Config{
		DB: s.DB, Process: process + "/" + gate.NewID(), Body: s.postbackBody, Secret: s.Vault.SubscriptionSecret, Private: s.private,
		Now: s.Now, Every: s.every, Logger: s.Logger, Tracer: s.Tracer,
		Count: func(result string) { s.CountPostback(result) },
	})
}

// postbackBody is what a subscriber is told of a record.
func (s *Service) postbackBody(ctx context.Context, r *journalv1.Record) ([]byte, error) {
	switch r.GetMove().GetFlow() {
	case contact.Name:
		return s.statusBody(ctx, r)
	case invitation.Name:
		return s.joinedBody(ctx, r)
	}
	return s.taskBody(ctx, r)
}

// statusBody is a person at the tax service, as the product's document has it: the status
// as the record has it, the person as known now. Nobody is told of somebody who was erased.
func (s *Service) statusBody(ctx context.Context, r *journalv1.Record) ([]byte, error) {
	d := new(flowv1.ContactData)
	if err := gate.FromRecord(r).Read(d); err != nil {
		return nil, err
	}
	person, ok, err := private.Only(s.Vault.Executors(ctx, r.GetBook(), private.Ref{ID: d.GetExecutorId()}))
	if err != nil || !ok {
		return nil, err
	}
	p := person.Content
	return product.Status(p.GetInn(), p.GetPhone(), p.GetFirstName(), p.GetLastName(), d.GetSelfemployedStatus())
}

// joinedBody is a person who has come by an invitation, as known now.
func (s *Service) joinedBody(ctx context.Context, r *journalv1.Record) ([]byte, error) {
	a, d := gate.FromRecord(r), new(flowv1.InvitationData)
	if err := a.Read(d); err != nil {
		return nil, err
	}
	person, ok, err := private.Only(s.Vault.Executors(ctx, r.GetBook(), private.Ref{ID: d.GetExecutorId()}))
	if err != nil || !ok {
		return nil, err
	}
	found, _, err := s.Load(ctx, r.GetBook(), npd.Name, d.GetExecutorId())
	if err != nil {
		return nil, err
	}
	standing, status := new(flowv1.NpdData), npd.Unknown
	if at, ok := found[d.GetExecutorId()]; ok {
		if err := at.Read(standing); err != nil {
			return nil, err
		}
		status = cmp.Or(standing.GetStatus(), npd.Unknown)
	}
	p := person.Content
	return product.Joined(d.GetExecutorId(), a.ID, p.GetInn(), p.GetPhone(), p.GetFirstName(), p.GetLastName(), status)
}

// taskBody is what GET /api/tasks/{id} answered after a record.
func (s *Service) taskBody(ctx context.Context, r *journalv1.Record) ([]byte, error) {
	list, err := s.tasks.Messages(ctx, r.GetBook(), []gate.Aggregate{gate.FromRecord(r)})
	if err != nil {
		return nil, err
	}
	return product.Task(list[0])
}
