package audit_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/audit/audittest"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

func atLeast(account, amount string) *journalv1.Condition {
	return &journalv1.Condition{Account: account, Asset: "RUB", What: &journalv1.Condition_AtLeast{AtLeast: amount}}
}

func atVersion(account string, shard uint32, version uint64) *journalv1.Condition {
	return &journalv1.Condition{Account: account, Asset: "RUB",
		What: &journalv1.Condition_Version{Version: &journalv1.StripeVersion{Shard: shard, Version: version}}}
}

// TestForgedConditions changes what a record says that it found before it.
func TestForgedConditions(t *testing.T) {
	t.Parallel()
	for name, forgery := range map[string]struct {
		expect string
		list   []*journalv1.Condition
	}{
		"what was found":   {"", []*journalv1.Condition{atLeast("wallet:a", "100"), atVersion("wallet:a", 0, 1), atVersion("wallet:b", 0, 0)}},
		"more":             {"what condition 0 found", []*journalv1.Condition{atLeast("wallet:a", "100.01")}},
		"of another":       {"what condition 0 found", []*journalv1.Condition{atLeast("wallet:b", "0.01")}},
		"an older version": {"the version that condition 0 found", []*journalv1.Condition{atVersion("wallet:a", 0, 0)}},
		"the one after":    {"the version that condition 1 found", []*journalv1.Condition{atLeast("wallet:a", "1.00"), atVersion("wallet:a", 0, 2)}},
		"another shard":    {"the shard of condition 0", []*journalv1.Condition{atVersion("wallet:a", 1, 1)}},
		"no floor":         {"one with a floor", []*journalv1.Condition{atLeast("bank:main", "1.00")}},
		"no amount":        {"an amount above zero", []*journalv1.Condition{atLeast("wallet:a", "0")}},
		"no account":       {"the account of condition 0", []*journalv1.Condition{atLeast("gold:mine", "1.00")}},
		"no asset":         {"the asset of condition 0", []*journalv1.Condition{{Account: "wallet:a", Asset: "XXX"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := audittest.New()
			w.Do(0, audittest.Post("topup", "", audittest.Leg('D', "bank:main", "RUB", "100.00"), audittest.Leg('C', "wallet:a", "RUB", "100.00")))
			w.Do(0, audittest.Post("transfer", "", audittest.Leg('D', "wallet:a", "RUB", "40.00"), audittest.Leg('C', "wallet:b", "RUB", "40.00")))
			var records []*journalv1.Record
			for _, s := range w.Records(0) {
				r := proto.CloneOf(s.Record)
				if r.GetSeq() == 2 {
					r.Conditions = forgery.list
				}
				records = append(records, r)
			}
			err := add(sealAll(t, records...))
			switch {
			case forgery.expect == "" && err != nil:
				t.Errorf("what was found is called wrong: %v", err)
			case forgery.expect != "" && (!isDifference(err) || !strings.Contains(err.Error(), forgery.expect)):
				t.Errorf("expected a difference about %q, got: %v", forgery.expect, err)
			}
		})
	}
	refused := []*journalv1.Record{{
		Key: "key-1", RequestHash: make([]byte, 16), Refusal: &journalv1.Refusal{Code: "condition_failed"}, Book: audittest.Book, ClockUs: 1, Last: true,
		Conditions: []*journalv1.Condition{atVersion("wallet:a", 0, 0)},
	}}
	if err := add(sealAll(t, refused...)); !isDifference(err) || !strings.Contains(err.Error(), "the conditions of what was not done") {
		t.Errorf("beside a refusal: %v", err)
	}
}
