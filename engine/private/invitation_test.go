package private

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/store"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// TestInvitedPeople: what an invited person gave becomes the executor's data once, whatever
// is asked again, and the link reaches the phone of the version that is named.
func TestInvitedPeople(t *testing.T) {
	t.Parallel()
	ctx, v := t.Context(), open(t, embedtest.DSN(t, store.Migrate), secret("a"))
	const id = "invitation-1"
	inn := "770100000123"
	executor := v.ExecutorID("main", inn)
	person := &privatev1.ExecutorProfile{Inn: inn, Phone: "+79150000001", LastName: "Иванов", FirstName: "Иван"}
	draft := v.Draft("main")
	draft.Invitation(id, 1, &privatev1.InvitationProfile{Name: "Иван", Phone: "+79150000002", Email: "a@b.example"}, "")
	draft.Invitation(id, 2, &privatev1.InvitationProfile{Phone: "+79150000001", Person: person, Requisites: &privatev1.Requisites{Bic: "044525000"}}, executor)
	draft.Evidence(id, 1, &privatev1.Evidence{Address: "192.0.2.1"})
	if err := draft.Put(ctx); err != nil {
		t.Fatal(err)
	}
	r := v.Resolver()
	if phone, ok, err := r.Address(ctx, "sms", "main", "invitation", id, 1); phone != "+79150000002" || !ok || err != nil {
		t.Errorf("%q %t %v", phone, ok, err)
	}
	if _, _, _, err := r.InvitedPerson(ctx, "main", id, 1, executor); err == nil {
		t.Error("a version without a person makes one")
	}
	for range 2 {
		profile, requisites, way, err := r.InvitedPerson(ctx, "main", id, 2, executor)
		if err != nil || profile != 1 || requisites != 1 || way != port.ByAccount {
			t.Fatalf("%d %d %s %v", profile, requisites, way, err)
		}
	}
	if d, ok, err := Only(v.Executors(ctx, "main", Ref{executor, 1})); !ok || err != nil || !proto.Equal(d.Content, person) {
		t.Errorf("%v %t %v", d, ok, err)
	}
	for range 2 {
		if err := v.Erase(ctx, "main", executor); err != nil {
			t.Fatal(err)
		}
	}
	if docs, err := v.Invitations(ctx, "main", Ref{id, 1}, Ref{id, 2}); err != nil || len(docs) != 0 {
		t.Errorf("of an erased person stand %v, %v", docs, err)
	}
	if docs, err := v.Evidences(ctx, "main", Refs(id)...); err != nil || len(docs) != 0 {
		t.Errorf("%v %v", docs, err)
	}
	if keys, err := v.db.PrivateKeys(ctx, "main", []string{id}); err != nil || len(keys) != 0 {
		t.Errorf("the key of the invitation is there: %v", err)
	}
}

// TestForgottenInvitations leave nothing of the person, and others alone.
func TestForgottenInvitations(t *testing.T) {
	t.Parallel()
	ctx, v := t.Context(), open(t, embedtest.DSN(t, store.Migrate), secret("a"))
	draft := v.Draft("main")
	person := &privatev1.ExecutorProfile{Inn: "770100000123"}
	executor := v.ExecutorID("main", person.GetInn())
	draft.Invitation("invitation-1", 1, &privatev1.InvitationProfile{Person: person}, executor)
	draft.Invitation("invitation-2", 1, &privatev1.InvitationProfile{Person: person}, executor)
	if err := draft.Put(ctx); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := v.ForgetInvitation(ctx, "main", "invitation-1"); err != nil {
			t.Fatal(err)
		}
	}
	docs, err := v.Invitations(ctx, "main", Refs("invitation-1", "invitation-2")...)
	if _, ok := docs["invitation-2"]; err != nil || len(docs) != 1 || !ok {
		t.Errorf("%v %v", docs, err)
	}
	found, err := v.Find(ctx, "main", InvitationExecutor, executor)
	if err != nil || len(found[executor]) != 1 || found[executor][0] != "invitation-2" {
		t.Errorf("%v %v", found, err)
	}
}

func TestInvitationsAreOfTheirRequest(t *testing.T) {
	t.Parallel()
	v := vaultOf(t, secret("a"))
	ids := map[string]bool{}
	for _, c := range []struct {
		book, company string
		r             Request
	}{{"main", "company-1", Request{"k", "d"}}, {"other", "company-1", Request{"k", "d"}}, {"main", "company-2", Request{"k", "d"}}, {"main", "company-1", Request{"k2", "d"}}, {"main", "company-1", Request{"k", "d2"}}} {
		ids[v.InvitationID(c.book, c.company, c.r)] = true
	}
	if len(ids) != 5 {
		t.Errorf("five requests, %d ids", len(ids))
	}
}
