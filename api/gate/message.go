package gate

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// ChangeRequest is what every request of a change has.
type ChangeRequest interface {
	proto.Message
	GetBook() string
	GetKey() string
}

// IDField gives a flow's field "id" the request's name.
func IDField(r *fault.Refusal, name string) *fault.Refusal {
	if r.Field != "id" {
		return r
	}
	out := *r
	out.Field = name
	return &out
}

// Instant reads a moment that a flow keeps; nil of "".
func Instant(text string) *timestamppb.Timestamp {
	if text == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil
	}
	return timestamppb.New(at)
}

// OrZero is an amount of rubles that a flow keeps: "" is zero.
func OrZero(amount string) string {
	if amount == "" {
		return money.RUB.Format(money.Zero)
	}
	return amount
}

// OneLine takes runs of spaces and line breaks together.
func OneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Moment is a journal clock.
func Moment(us int64) time.Time { return time.UnixMicro(us).UTC() }

// DecodeRecord reads a record of the journal.
func DecodeRecord(id store.RecordID, raw []byte) (*journalv1.Record, error) {
	rec := new(journalv1.Record)
	if err := proto.Unmarshal(raw, rec); err != nil {
		return nil, fmt.Errorf("record %s cannot be decoded: %w", RecordID(id.Shard, id.Seq), err)
	}
	return rec, nil
}

// CheckDay refuses what is no day YYYY-MM-DD; "" is none.
func CheckDay(field, day string) *fault.Refusal {
	if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
		return fault.Refuse(fault.Malformed, field, "%q is no day YYYY-MM-DD", day)
	}
	return nil
}
