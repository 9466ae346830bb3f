package lean

import (
	"testing"

	"google.golang.org/protobuf/proto"

	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// FuzzCommand: a record of the command log is read as the library reads it, or left to it.
func FuzzCommand(f *testing.F) {
	raw := thousand()
	small := new(commandv1.Command)
	if err := proto.Unmarshal(raw, small); err != nil {
		f.Fatal(err)
	}
	small.GetOperations().List = small.GetOperations().GetList()[:2]
	raw, err := proto.Marshal(small)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, ok := Command(raw)
		want := new(commandv1.Command)
		if err := proto.Unmarshal(raw, want); ok && (err != nil || !proto.Equal(got, want)) {
			t.Errorf("%x is read as %v, the library has %v (%v)", raw, got, want, err)
		}
	})
}

// FuzzPost: the same of a request to post.
func FuzzPost(f *testing.F) {
	raw, err := proto.Marshal(&ledgerv1.PostRequest{Book: "main", Operations: []*ledgerv1.Operation{{Key: "k", What: &ledgerv1.Operation_Entry{
		Entry: &ledgerv1.NewEntry{Kind: "ёлка", Day: "2026-03-01", Metadata: map[string]string{"k": "v"}, Legs: []*ledgerv1.NewLeg{
			{Account: "bank:main", Asset: "RUB", Amount: "1.00", Side: ledgerv1.Side_SIDE_DEBIT},
			{Account: "wallet:a", Asset: "RUB", Amount: "1.00", Side: ledgerv1.Side_SIDE_CREDIT},
		}}}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, want := new(ledgerv1.PostRequest), new(ledgerv1.PostRequest)
		ok := Post(raw, got)
		if err := proto.Unmarshal(raw, want); ok && (err != nil || !proto.Equal(got, want)) {
			t.Errorf("%x is read as %v, the library has %v (%v)", raw, got, want, err)
		}
	})
}

// FuzzRecord: the same of a record of the journal, which has its size when written again.
func FuzzRecord(f *testing.F) {
	f.Add(postedRecord())
	reader := &Records{}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, ok := reader.Read(raw)
		want := new(journalv1.Record)
		if err := proto.Unmarshal(raw, want); ok && (err != nil || !proto.Equal(got, want) || proto.Size(want) != len(raw)) {
			t.Errorf("%x is read as %v, the library has %v (%v)", raw, got, want, err)
		}
	})
}
