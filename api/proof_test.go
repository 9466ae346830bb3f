package api_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/journal/proof"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// seal is how the house signs checkpoints.
func seal(t *testing.T, log port.CheckpointLog) *engine.Seal {
	t.Helper()
	signer, _, err := proof.NewSigner(rand.NewChaCha8([32]byte{1}), "test.example/api")
	if err != nil {
		t.Fatal(err)
	}
	return &engine.Seal{Signer: signer, Keys: proof.Keys{signer.Key()}, Log: log, Every: 50 * time.Millisecond}
}

// testProofs: a caller fetches proofs of its entries and believes the key alone.
func testProofs(t *testing.T, h *house) {
	c := h.caller(t)
	c.open("100.00", "wallet:a")
	entry := c.must(entryOp("k", "transfer", "wallet:a", "suspense:s", "1.00"))[0].GetId()
	keys := proof.Keys{seal(t, nil).Signer.Key()}
	// No checkpoint covers it at first: the SDK asks again.
	got, err := c.Proofs.ProveEntry(t.Context(), &ledgerv1.ProveEntryRequest{Book: c.book, Id: entry})
	if err != nil {
		t.Fatal(err)
	}
	p, err := proof.Decode(got.GetProof())
	if err != nil {
		t.Fatal(err)
	}
	v, err := p.Verify(keys)
	if err != nil {
		t.Fatal(err)
	}
	if r := v.Records[0]; r.GetBook() != c.book || r.GetKey() != "k" || r.GetEntry().GetKind() != "transfer" {
		t.Errorf("proved %v", r)
	}
	newest, err := c.Proofs.LatestCheckpoint(t.Context(), &ledgerv1.LatestCheckpointRequest{Book: c.book, Shard: v.Checkpoints[0].Shard})
	if err != nil {
		t.Fatal(err)
	}
	if last, err := keys.Open([]byte(newest.GetCheckpoint())); err != nil || last.Size < v.Checkpoints[0].Size || last.Size != newest.GetSize() {
		t.Errorf("the newest checkpoint %v: %v", newest, err)
	}
	other := h.caller(t)
	_, err = other.Proofs.ProveEntry(t.Context(), &ledgerv1.ProveEntryRequest{Book: other.book, Id: entry})
	refused(t, err, fault.NotFound, "id") // of another book
	_, err = c.Proofs.ProveEntry(t.Context(), &ledgerv1.ProveEntryRequest{Book: c.book, Id: "0.999999999"})
	refused(t, err, fault.NotFound, "id")
	_, err = c.Proofs.LatestCheckpoint(t.Context(), &ledgerv1.LatestCheckpointRequest{Book: c.book, Shard: 99})
	refused(t, err, fault.NotFound, "shard")
}
