package books

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// GetEntry implements LedgerService.
func (s *Service) GetEntry(ctx context.Context, req *ledgerv1.GetEntryRequest) (*ledgerv1.GetEntryResponse, error) {
	rec, err := s.recordOf(ctx, req)
	if err != nil {
		return nil, err
	}
	answer := s.entry(rec)
	if err := s.reversals(ctx, store.RecordID{Shard: int(rec.GetShard()), Seq: rec.GetSeq()}, answer); err != nil {
		return nil, err
	}
	return &ledgerv1.GetEntryResponse{Entry: answer}, nil
}

// recordRequest names a record of a book by its key, or by its id when there is no key.
type recordRequest interface {
	GetBook() string
	GetKey() string
	GetId() string
	GetMinPosition() string
}

// recordOf waits for the request's position and reads the record that it names.
func (s *Service) recordOf(ctx context.Context, req recordRequest) (*journalv1.Record, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	bookName, key := req.GetBook(), req.GetKey()
	id, field := store.RecordID{}, "id"
	if key != "" {
		field = "key"
		rows, err := s.DB.LookupKeys(ctx, [][16]byte{store.KeyID(bookName, key)})
		if err != nil {
			return nil, fmt.Errorf("look the key up: %w", err)
		}
		if len(rows) == 0 {
			return nil, fault.Refuse(fault.NotFound, field, "no operation has this key")
		}
		id = store.RecordID{Shard: rows[0].Shard, Seq: rows[0].Seq}
	} else {
		var refusal *fault.Refusal
		if id, refusal = gate.ParseRecordID(field, req.GetId()); refusal != nil {
			return nil, refusal
		}
	}
	raw, ok, err := s.DB.Record(ctx, id.Shard, id.Seq)
	if err != nil {
		return nil, fmt.Errorf("read record %s: %w", gate.RecordID(id.Shard, id.Seq), err)
	}
	missing := fault.Refuse(fault.NotFound, field, "there is no such entry in the book")
	if !ok {
		return nil, missing
	}
	rec, err := gate.DecodeRecord(id, raw)
	if err != nil {
		return nil, err
	}
	if rec.GetBook() != bookName {
		return nil, missing
	}
	return rec, nil
}

// entry is a record as the API shows it: without the flow's own data and effects.
func (s *Service) entry(rec *journalv1.Record) *ledgerv1.Entry {
	e := rec.GetEntry()
	out := &ledgerv1.Entry{
		Id: gate.IDOf(rec), RecordedAt: timestamppb.New(gate.Moment(rec.GetClockUs())), Day: e.GetDay(), Kind: e.GetKind(),
		Metadata: e.GetMetadata(), Links: e.GetLinks(), Key: rec.GetKey(), Actor: rec.GetActor(), Command: rec.GetCommand(),
		Title: s.Content(rec),
	}
	if r := e.GetReversal(); r != nil {
		out.Reverses, out.ReversingLegs = gate.RecordID(int(rec.GetShard()), r.GetSeq()), r.GetPostings()
	}
	out.Exchange = exchanged(e.GetExchange())
	for _, l := range rec.GetLegs() {
		out.Legs = append(out.Legs, &ledgerv1.Leg{
			Account: l.GetAccount(), Asset: l.GetAsset(), Kind: ledgerv1.LegKind(l.GetKind()), Amount: l.GetAmount(), Version: l.GetVersion(),
		})
	}
	for _, h := range rec.GetHolds() {
		out.Holds = append(out.Holds, hold(int(rec.GetShard()), h))
	}
	if m := rec.GetScheduled(); m != nil {
		out.Scheduled = scheduled(int(rec.GetShard()), m)
	}
	if m := rec.GetMove(); m != nil {
		out.Flow = &ledgerv1.FlowStep{Flow: m.GetFlow(), Id: m.GetId(), From: m.GetFrom(), On: m.GetOn(), To: m.GetTo()}
	}
	for _, c := range rec.GetConditions() {
		out.Conditions = append(out.Conditions, condition(c))
	}
	out.Refusal = refusalOfRecord(rec.GetRefusal())
	return out
}

// condition is what an operation asked of an account, as it was asked.
func condition(c *journalv1.Condition) *ledgerv1.Condition {
	out := &ledgerv1.Condition{Account: c.GetAccount(), Asset: c.GetAsset()}
	if v := c.GetVersion(); v != nil {
		out.What = &ledgerv1.Condition_Version{Version: &ledgerv1.StripeVersion{Shard: v.GetShard(), Version: v.GetVersion()}}
	} else {
		out.What = &ledgerv1.Condition_Available{Available: c.GetAtLeast()}
	}
	return out
}

// refusalOfRecord is a refusal as the journal says it; nil when there is none.
func refusalOfRecord(r *journalv1.Refusal) *ledgerv1.Refusal {
	if r == nil || !fault.Known(r.GetCode()) {
		return nil
	}
	return gate.RefusalMessage(&fault.Refusal{Code: fault.Code(r.GetCode()), Field: r.GetField(), Reason: r.GetReason(), Facts: r.GetFacts()})
}

// StripeKey names an account in one asset; no asset is rubles.
func StripeKey(bookName, account, asset, prefix string) (store.StripeKey, book.Type, money.Asset, *fault.Refusal) {
	name, refusal := book.ParseName(prefix+"account", account)
	if refusal != nil {
		return store.StripeKey{}, book.Type{}, money.Asset{}, refusal
	}
	if asset == "" {
		asset = money.RUB.Code
	}
	a, ok := money.LookupAsset(asset)
	if !ok {
		return store.StripeKey{}, book.Type{}, a, fault.Refuse(fault.AssetUnknown, prefix+"asset", "there is no asset %q", asset)
	}
	t, _ := book.LookupType(name.Type)
	return store.StripeKey{Account: book.ID(bookName, account), Asset: asset}, t, a, nil
}
