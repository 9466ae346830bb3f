package private

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// TestSignedPapersAreMissed: tasks, and signings that have not told their task yet, name
// files and evidence; what is not there is counted, once for both sides of one file, and
// not of people who were erased, on whatever shard they stand.
func TestSignedPapersAreMissed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := embedtest.DSN(t, store.Migrate)
	v := open(t, dsn, secret("a"))
	put := func(shard int, flow, id, state string, m proto.Message) {
		t.Helper()
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		sql(t, dsn, `INSERT INTO aggregate (shard, book, flow, id, owner, state, version, data, progress, entries, created_us, updated_us)
			VALUES ($1, 'main', $2, $3, 'c', $4, 1, $5, '', '{}', 0, 0)`, shard, flow, id, state, data)
	}
	for shard := range 2 {
		sql(t, dsn, `INSERT INTO shard (shard, epoch, next_offset, leader_epoch, topic_id, seq, head, clock_us)
			VALUES ($1, 1, 0, 0, '00000000-0000-0000-0000-000000000001', 0, $2, 0)`, shard, make([]byte, 32))
	}
	hash := func(digit string) string { return strings.Repeat(digit, 64) }
	by := func(digit, evidence string) *flowv1.Signature {
		return &flowv1.Signature{Sha256: hash(digit), Evidence: evidence}
	}
	put(0, "task", "t1", "paid", &flowv1.TaskData{
		ExecutorId: "anna", AgreementExecutor: by("1", "e1"), AgreementCustomer: by("1", "e2"), ActExecutor: by("2", "e3"), ActCustomer: by("2", ""),
	})
	put(0, "task", "t4", "inwork", &flowv1.TaskData{ExecutorId: "anna", AgreementExecutor: &flowv1.Signature{Sha256: hash("5"), StampedSha256: hash("6")}})
	put(0, "task", "t2", "inwork", &flowv1.TaskData{ExecutorId: "boris", AgreementExecutor: by("3", "e4")})
	put(0, "task", "t3", "draft", &flowv1.TaskData{ExecutorId: "anna"})
	put(0, "sign", "t1-act", "signed", &flowv1.SignData{ExecutorId: "anna", Signature: by("2", "e3")})
	put(0, "sign", "t3-agreement", "telling", &flowv1.SignData{ExecutorId: "anna", Signature: by("4", "e5")})
	put(1, "executor", "boris", "erased", &flowv1.ExecutorData{}) // of another shard than his task

	count := func(kind string) (c Count) {
		t.Helper()
		counts, back, err := Missing(ctx, v.db)
		if err != nil || len(back) != 0 {
			t.Fatal(back, err)
		}
		for _, each := range counts {
			if each.Kind == kind {
				c = each
			}
		}
		return c
	}
	if got, want := count("signed_file"), (Count{"signed_file", 5, 5}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := count("signing_evidence"), (Count{"signing_evidence", 4, 4}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	d := v.Draft("main")
	d.SignedFile("anna", hash("1"), &privatev1.SignedFile{File: []byte("%PDF"), TaskId: "t1"})
	d.SignedFile("anna", hash("4"), &privatev1.SignedFile{File: []byte("%PDF"), TaskId: "t3"})
	if err := d.Put(ctx); err != nil {
		t.Fatal(err)
	}
	if got, want := count("signed_file"), (Count{"signed_file", 5, 3}); got != want {
		t.Errorf("after a restore: %+v, want %+v", got, want)
	}
}
