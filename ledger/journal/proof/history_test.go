package proof_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/journal/proof"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

func touches(r *journalv1.Record, account string) bool {
	return slices.ContainsFunc(r.GetLegs(), func(l *journalv1.Leg) bool { return l.GetAccount() == account && l.GetAsset() == "RUB" })
}

// history proves an account's whole history.
func history(t testing.TB, w *audittest.World, account string) *proof.Proof {
	t.Helper()
	p := &proof.Proof{Format: proof.Format, Kind: proof.KindAccount, Account: &proof.Account{Book: audittest.Book, Name: account, Asset: "RUB"}}
	for _, n := range w.Shards() {
		s := seal(t, w, n)
		c, signed := s.checkpoint(t, uint64(len(s.records)))
		part := proof.Shard{Checkpoint: signed}
		for _, r := range s.records {
			if !touches(r.Record, account) {
				continue
			}
			record, err := c.Prove(r.Record.GetSeq(), r.Raw, s.tiles.read)
			if err != nil {
				t.Fatal(err)
			}
			part.Records = append(part.Records, record)
		}
		if len(part.Records) > 0 {
			p.Shards = append(p.Shards, part)
		}
	}
	return p
}

// TestAHistoryIsWhole: the sums of a proven history are those of the account's last legs;
// a record taken out of it is missed, unless it is the first or the last, and then the
// versions say so.
func TestAHistoryIsWhole(t *testing.T) {
	t.Parallel()
	w := audittest.Random(4, 3, 150)
	keys := proof.Keys{signer(t, 1).Key()}
	accounts := map[string]bool{}
	for _, n := range w.Shards() {
		for _, r := range w.Records(n) {
			for _, l := range r.Record.GetLegs() {
				accounts[l.GetAccount()] = accounts[l.GetAccount()] || l.GetAsset() == "RUB"
			}
		}
	}
	holes := 0
	for account, rubles := range accounts {
		if !rubles {
			continue
		}
		p := history(t, w, account)
		v, err := p.Verify(keys)
		if err != nil {
			t.Fatalf("%s: %v", account, err)
		}
		for _, s := range v.History.Stripes {
			if last := lastLeg(w, int(s.Shard), account); s.First != 1 || s.Last != last.GetVersion() || money.RUB.Format(s.After.Debit) != last.GetDebit() || money.RUB.Format(s.After.Credit) != last.GetCredit() {
				t.Errorf("%s on shard %d: %+v, the last leg is %v", account, s.Shard, s, last)
			}
		}
		for i := range p.Shards {
			for j := range p.Shards[i].Records {
				q := history(t, w, account)
				q.Shards[i].Records = slices.Delete(q.Shards[i].Records, j, j+1)
				got, err := q.Verify(keys)
				inside := j > 0 && j < len(p.Shards[i].Records)-1
				switch {
				case inside && (err == nil || !strings.Contains(err.Error(), "a change was left out")):
					t.Fatalf("%s without record %d of shard %d: %v", account, j, i, err)
				case inside:
					holes++
				case err == nil && fmt.Sprint(got.History.Stripes) == fmt.Sprint(v.History.Stripes):
					t.Fatalf("%s without an end: nothing tells", account)
				}
			}
		}
	}
	if holes < 20 {
		t.Errorf("only %d records were taken out of the middle", holes)
	}
}

func lastLeg(w *audittest.World, shard int, account string) (last *journalv1.Leg) {
	for _, r := range w.Records(shard) {
		for _, l := range r.Record.GetLegs() {
			if l.GetAccount() == account && l.GetAsset() == "RUB" {
				last = l
			}
		}
	}
	return last
}

// TestAWrongSumInTheJournalIsFound: a journal that was sealed with a wrong sum proves its
// records, and the account's history names the first that does not follow.
func TestAWrongSumInTheJournalIsFound(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*journalv1.Leg){
		func(l *journalv1.Leg) { l.Debit = "9999.99" }, func(l *journalv1.Leg) { l.Version++ },
		func(l *journalv1.Leg) { l.Amount = "0.1" }, func(l *journalv1.Leg) { l.Kind = 0 }, func(l *journalv1.Leg) { l.Amount = "1e5" },
	} {
		w, head := audittest.Small(), journal.Head{}
		for i, r := range w.Records(0) {
			if l := legOf(r.Record, "wallet:company-0"); l != nil && l.GetVersion() == 2 {
				change(l)
			}
			sealed, err := head.Seal(0, r.Record)
			if err != nil {
				t.Fatal(err)
			}
			w.Records(0)[i] = sealed
		}
		_, err := history(t, w, "wallet:company-0").Verify(proof.Keys{signer(t, 1).Key()})
		wantMismatch(t, "a wrong leg", err)
	}
}

func legOf(r *journalv1.Record, account string) *journalv1.Leg {
	for _, l := range r.GetLegs() {
		if l.GetAccount() == account {
			return l
		}
	}
	return nil
}
