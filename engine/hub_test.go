package engine

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// TestOwnCommandIsTakenByItsBytes: a command that a caller of this process waits for is not
// decoded again, and what the log says counts all the same: with another byte, or
// when nobody waits for it, the log's bytes are read.
func TestOwnCommandIsTakenByItsBytes(t *testing.T) {
	t.Parallel()
	c := &commandv1.Command{Id: newID(), Book: "main", What: &commandv1.Command_Operations{Operations: &commandv1.Operations{List: []*commandv1.Operation{{
		Key: "k", RequestHash: make([]byte, ledger.RequestHashBytes), What: &commandv1.Operation_Post{Post: &commandv1.Post{Kind: "kind-a"}},
	}}}}}
	raw, err := proto.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	h := newHub()
	read := func(raw []byte) *commandv1.Command { return decode(port.LogRecord{Value: raw}, h).command }
	if got := read(raw); got == c || !proto.Equal(got, c) {
		t.Error("a command that nobody waits for is not the log's")
	}
	w := h.wait(c.GetId(), 1)
	if got := read(raw); got == c || !proto.Equal(got, c) {
		t.Error("a command that was not appended is not the log's")
	}
	w.appends(c, raw)
	if read(bytes.Clone(raw)) != c {
		t.Error("the command is decoded again")
	}
	other := bytes.Replace(raw, []byte("kind-a"), []byte("kind-b"), 1)
	if got := read(other); got == c || got.GetOperations().GetList()[0].GetPost().GetKind() != "kind-b" {
		t.Errorf("the log's bytes do not count: %v", got)
	}
	if got := read(append(bytes.Clone(raw), 0xff)); got != nil {
		t.Errorf("bytes that are no command are read as %v", got)
	}
	h.forget(c.GetId())
	if got := read(raw); got == c {
		t.Error("a command that was forgotten is still taken")
	}
}
