package gate

import (
	"testing"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// TestNobodysKeyIsAnothers: the people of two companies and their programs, persons in their
// application and callers with a key of the book have no key in common, whatever each sends.
func TestNobodysKeyIsAnothers(t *testing.T) {
	t.Parallel()
	people := func(company string) Principal { return Principal{Owner: company, Session: &store.Session{}} }
	whole := Principal{ID: "dev"}
	became := map[string]string{} // key of the book by who sent it
	for name, who := range map[string]Principal{
		"people of one": people("company-1"), "people of two": people("company-2"), "people of eleven": people("company-11"), "the book's": whole,
	} {
		for _, key := range []string{"k", "1:k", "user:company-1:k", "company-1:k", "api:company-1:k", "app/executor-1/k"} {
			req := &taskv1.PayTaskRequest{Key: key}
			if refusal := checkKeys(who, req.ProtoReflect(), "", depthOfOwner); refusal != nil {
				if refusal.Code != fault.Malformed || refusal.Field != "key" || engine.HouseKey(key) == "" {
					t.Errorf("%s, %s: %v", name, key, refusal)
				}
				continue
			}
			if who.Session != nil {
				scopeKeys(req.ProtoReflect(), "user:"+who.Owner+":", depthOfOwner)
			}
			if other, taken := became[req.GetKey()]; taken {
				t.Errorf("%s and %s have the key %s", name, other, req.GetKey())
			}
			became[req.GetKey()] = name
		}
	}
	// A company's program sends its keys with its own company's name alone.
	program := Principal{Owner: "company-1"}
	for key, ok := range map[string]bool{"api:company-1:k": true, "api:company-2:k": false, "api:company-11:k": false, "user:company-1:k": false, "k": true} {
		refusal := checkKeys(program, (&taskv1.PayTaskRequest{Key: key}).ProtoReflect(), "", depthOfOwner)
		if (refusal == nil) != ok {
			t.Errorf("a program's key %s: %v", key, refusal)
		}
	}
}

// TestKeysOfTheHouseAreFoundAnywhere: in lists and in messages inside of messages, by name.
func TestKeysOfTheHouseAreFoundAnywhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		refusal *fault.Refusal
		field   string
	}{
		{checkKeys(Principal{}, (&ledgerv1.PostRequest{Operations: []*ledgerv1.Operation{{Key: "k"}, {Key: "line:1"}}}).ProtoReflect(), "", depthOfOwner), "operations[1].key"},
		{checkKeys(Principal{}, (&taskv1.CreateTasksRequest{Tasks: []*taskv1.NewTask{{Key: "k"}, {Key: "feed:open"}}}).ProtoReflect(), "", depthOfOwner), "tasks[1].key"},
		{checkKeys(Principal{}, (&companyv1.OpenCompanyRequest{Key: "contact:x"}).ProtoReflect(), "", depthOfOwner), "key"},
	} {
		if c.refusal == nil || c.refusal.Field != c.field {
			t.Errorf("%v, want %s", c.refusal, c.field)
		}
	}
}
