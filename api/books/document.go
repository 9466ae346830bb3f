package books

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// line is a leg as a statement shows it.
func (s *Service) line(r store.LegRow, asset money.Asset) *ledgerv1.StatementLeg {
	at := gate.Moment(r.ClockUS)
	return &ledgerv1.StatementLeg{
		EntryId: gate.RecordID(r.Shard, r.Seq), RecordedAt: timestamppb.New(at), Day: r.Day,
		Kind: ledgerv1.LegKind(r.Kind), Amount: asset.Format(r.Amount), Leg: uint32(r.Leg),
		Late: posts(r.Kind) && at.In(s.DB.Zone()).Format(time.DateOnly) != r.Day,
	}
}

func posts(k journalv1.LegKind) bool {
	return k == journalv1.LegKind_LEG_KIND_DEBIT || k == journalv1.LegKind_LEG_KIND_CREDIT
}

// document writes beside each leg what it was booked for and against: all their records
// are read together.
func (s *Service) document(ctx context.Context, lines []*ledgerv1.StatementLeg, rows []store.LegRow) error {
	ids := make([]store.RecordID, 0, len(rows))
	listed := map[store.RecordID]bool{}
	for _, r := range rows {
		if id := (store.RecordID{Shard: r.Shard, Seq: r.Seq}); !listed[id] {
			listed[id], ids = true, append(ids, id)
		}
	}
	raws, err := s.DB.Records(ctx, ids)
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	records := make(map[store.RecordID]*journalv1.Record, len(raws))
	for id, raw := range raws {
		if records[id], err = gate.DecodeRecord(id, raw); err != nil {
			return err
		}
	}
	for i, r := range rows {
		rec := records[store.RecordID{Shard: r.Shard, Seq: r.Seq}]
		e := rec.GetEntry()
		lines[i].EntryTitle = s.Content(rec)
		lines[i].EntryKind, lines[i].Metadata, lines[i].Links = e.GetKind(), e.GetMetadata(), e.GetLinks()
		if lines[i].Counters, err = counters(rec, r.Leg); err != nil {
			return fmt.Errorf("record %s: %w", gate.RecordID(r.Shard, r.Seq), err)
		}
	}
	return nil
}

// counters are the accounts on the other side of a leg; of a hold's move there are none.
func counters(rec *journalv1.Record, leg int) ([]*ledgerv1.Counter, error) {
	postings, err := store.Counters(rec, leg)
	if err != nil {
		return nil, err
	}
	var out []*ledgerv1.Counter
	for _, p := range postings {
		kind, _, _ := strings.Cut(p.Account, ":")
		t, _ := book.LookupType(kind)
		asset, _ := money.LookupAsset(p.Asset)
		out = append(out, &ledgerv1.Counter{Account: p.Account, Code_1C: t.Code1C, Amount: asset.Format(p.Amount)})
	}
	return out, nil
}
