package api

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// paramsOfChange is what every request of a change has.
type paramsOfChange interface {
	proto.Message
	GetBook() string
	GetKey() string
}

// idField gives a flow's field "id" the request's name.
func idField(r *fault.Refusal, name string) *fault.Refusal {
	if r.Field != "id" {
		return r
	}
	out := *r
	out.Field = name
	return &out
}

// instant reads a moment that a flow keeps; nil of "".
func instant(text string) *timestamppb.Timestamp {
	if text == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil
	}
	return timestamppb.New(at)
}

// orZero is an amount of rubles that a flow keeps: "" is zero.
func orZero(amount string) string {
	if amount == "" {
		return money.RUB.Format(money.Zero)
	}
	return amount
}

// oneLine takes runs of spaces and line breaks together.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// moment is a journal clock.
func moment(us int64) time.Time { return time.UnixMicro(us).UTC() }
