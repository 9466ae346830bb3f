package gate

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
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
