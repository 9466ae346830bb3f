package tbank

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/provodka/provodka/engine/port"
)

const (
	idOne = "00000000000000000000000000000001"
	idTwo = "abcdefabcdefabcdefabcdefabcdefab"
)

func callbacks(t *testing.T, o CallbackOptions) *Callbacks {
	t.Helper()
	c, err := NewCallbacks(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOnlyTheBankIsAdmitted(t *testing.T) {
	t.Parallel()
	const fresh, old = "user:password-of-the-bank", "the-secret-before-it"
	c := callbacks(t, CallbackOptions{Secrets: []string{fresh, old}, From: []netip.Prefix{netip.MustParsePrefix("212.233.80.7/32")}})
	bank := netip.MustParseAddr("212.233.80.7")
	for shown, want := range map[string]bool{
		"Bearer " + fresh: true, "Bearer " + old: true, "Basic " + base64.StdEncoding.EncodeToString([]byte(fresh)): true,
		"": false, "Bearer ": false, fresh: false, "Bearer " + fresh + " ": false, "Bearer " + fresh[1:]: false, "bearer": false, "Basic Og==": false,
	} {
		if got := c.Admits(bank, http.Header{"Authorization": {shown}}); got != want {
			t.Errorf("%q is admitted: %t", shown, got)
		}
	}
	good := http.Header{"Authorization": {"Bearer " + fresh}}
	if c.Admits(netip.MustParseAddr("212.233.80.8"), good) || c.Admits(netip.Addr{}, good) {
		t.Error("admitted from elsewhere")
	}
	if !callbacks(t, CallbackOptions{Secrets: []string{fresh}}).Admits(netip.Addr{}, good) {
		t.Error("with no networks named, any is")
	}
	for _, o := range []CallbackOptions{{}, {Secrets: []string{""}}, {Secrets: []string{fresh, "short"}}} {
		if _, err := NewCallbacks(o); err == nil {
			t.Errorf("%+v passed", o)
		}
	}
}

func TestHintsAreFoundWhereverTheyStand(t *testing.T) {
	t.Parallel()
	c := callbacks(t, CallbackOptions{Secrets: []string{"a-secret-that-is-long"}})
	for body, want := range map[string][]port.Hint{
		`{"eventType":"payment-status","paymentId":"` + idOne + `","status":"EXECUTED"}`:           {{Attempt: idOne, Says: port.Done}},
		`{"data":{"payment":{"id":"` + idOne + `"},"status":"CANCELLED","amount":100.00}}`:         {{Attempt: idOne, Says: port.Refused}},
		`[{"id":"` + idOne + `","status":"IN_PROGRESS"},{"id":"` + idTwo + `","status":"FAILED"}]`: {{Attempt: idOne}, {Attempt: idTwo, Says: port.Refused}},
		`"` + idTwo + `"`: {{Attempt: idTwo}},
		`{"id":"` + idOne + `","again":"` + idOne + `","status":7}`: {{Attempt: idOne}},
		`{"operationId":"12","status":"EXECUTED"}`:                  nil,
		`null`: nil,
	} {
		got, err := c.Hints([]byte(body))
		slices.SortFunc(got, func(a, b port.Hint) int { return strings.Compare(a.Attempt, b.Attempt) })
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", body, err, diff)
		}
	}
	many := make([]string, mostHints+1)
	for i := range many {
		many[i] = fmt.Sprintf(`"%032x"`, i)
	}
	for _, body := range []string{"", "{", `{} {}`, "paymentId=" + idOne, "[" + strings.Join(many, ",") + "]"} {
		if got, err := c.Hints([]byte(body)); err == nil || strings.Contains(err.Error(), idOne) {
			t.Errorf("%q: %v %v", body, got, err)
		}
	}
}

// FuzzHints: no body stops us, and only ids come out.
func FuzzHints(f *testing.F) {
	f.Add([]byte(`{"paymentId":"` + idOne + `","status":"EXECUTED"}`))
	f.Add([]byte(strings.Repeat("[", 9000)))
	c, err := NewCallbacks(CallbackOptions{Secrets: []string{"a-secret-that-is-long"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		hints, err := c.Hints(body)
		if len(hints) > mostHints || err != nil && len(hints) > 0 {
			t.Errorf("%d hints, %v", len(hints), err)
		}
		for _, h := range hints {
			if !attemptShape.MatchString(h.Attempt) || h.Says != "" && h.Says != port.Done && h.Says != port.Refused {
				t.Errorf("%+v", h)
			}
		}
	})
}
