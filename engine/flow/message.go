package flow

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/fault"
)

// ReadData reads the aggregate's own message. Data that its own flow wrote and
// cannot read is a broken invariant: panic.
func ReadData[M proto.Message](v View, into M) M {
	if err := proto.Unmarshal(v.Data, into); err != nil {
		panic(fmt.Sprintf("flow: %s: its own data is not a %s: %v", v.ID, into.ProtoReflect().Descriptor().FullName(), err))
	}
	return into
}

// ReadBody reads a command's body; bytes that are not the message are malformed.
func ReadBody(c Command, into proto.Message) *fault.Refusal {
	if err := proto.Unmarshal(c.Body, into); err != nil {
		return fault.Refuse(fault.Malformed, "body", "the body of %q is not a %s", c.Event, into.ProtoReflect().Descriptor().FullName())
	}
	return nil
}

// Bytes writes a message of a flow: the same message gives the same bytes. A
// message that cannot be written is a broken invariant: panic.
func Bytes(m proto.Message) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("flow: %s: %v", m.ProtoReflect().Descriptor().FullName(), err))
	}
	return b
}
