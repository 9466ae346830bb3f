package gate

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "embed"

	"connectrpc.com/connect"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

//go:embed metrics.md
var metricsDocument string

// form is what the registry says about a metric.
var form = regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)

func TestMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	m, err := newMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	tables, err := machine.ParseTables("api/gate/metrics.md", metricsDocument)
	if err != nil {
		t.Fatal(err)
	}
	table, err := machine.Find(tables, "Metrics")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, r := range table.Rows {
		documented[r.Cell("Name")] = strings.Join(r.List("Labels"), ",")
		if r.Cell("Meaning") == "" || r.Cell("Type") == "" {
			t.Errorf("%s says nothing", r.Cell("Name"))
		}
	}
	descriptions := make(chan *prometheus.Desc, 100)
	for _, c := range m.all() {
		c.Describe(descriptions)
	}
	close(descriptions)
	for d := range descriptions {
		found := form.FindStringSubmatch(d.String())
		labels, ok := documented[found[1]]
		if !ok || labels != found[2] {
			t.Errorf("%s{%s}: metrics.md says %q", found[1], found[2], labels)
		}
		delete(documented, found[1])
	}
	if len(documented) > 0 {
		t.Errorf("there are no such metrics: %v", documented)
	}
}

func TestEveryRefusalHasAnAnswer(t *testing.T) {
	t.Parallel()
	for _, info := range fault.Table() {
		err := ToError(fault.Refuse(info.Code, "a.b", "why").With("fact", "1"))
		var kinds []string
		for _, d := range err.Details() {
			v, failed := d.Value()
			if failed != nil {
				t.Fatal(failed)
			}
			kinds = append(kinds, strings.TrimPrefix(d.Type(), "google.rpc."))
			if i, ok := v.(*errdetails.ErrorInfo); ok && (i.GetReason() != string(info.Code) || i.GetDomain() != Domain || i.GetMetadata()["fact"] != "1") {
				t.Errorf("%s: %v", info.Code, i)
			}
		}
		if slices.Contains(kinds, "RetryInfo") != (info.Retry == fault.RetrySame) || !slices.Contains(kinds, "ErrorInfo") ||
			slices.Contains(kinds, "BadRequest") != (info.Kind != fault.Denied) {
			t.Errorf("%s: %v", info.Code, kinds)
		}
	}
	for code, want := range map[fault.Code]connect.Code{
		fault.QueueFull: connect.CodeResourceExhausted, fault.Unauthenticated: connect.CodeUnauthenticated, fault.PermissionDenied: connect.CodePermissionDenied,
		fault.Unavailable: connect.CodeUnavailable, fault.InsufficientFunds: connect.CodeFailedPrecondition, fault.KeyReused: connect.CodeAlreadyExists,
		fault.NotFound: connect.CodeNotFound, fault.AmountInvalid: connect.CodeInvalidArgument, fault.Internal: connect.CodeInternal,
	} {
		if got := ToError(fault.Refuse(code, "", "x")).Code(); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
}

func TestErrorsOfTheProgramStayInside(t *testing.T) {
	t.Parallel()
	if r, _ := RefusalOf(errors.New("password=secret")); r != nil {
		t.Errorf("%v", r)
	}
	if r, _ := RefusalOf(&fault.Refusal{Reason: "of no code"}); r != nil {
		t.Errorf("%v", r)
	}
	if r, _ := RefusalOf(context.DeadlineExceeded); r == nil || r.Code != fault.Unavailable {
		t.Errorf("%v", r)
	}
}

// TestEveryMethodIsDecidedForPeople: whoever adds a method says who of a company may call it.
func TestEveryMethodIsDecidedForPeople(t *testing.T) {
	t.Parallel()
	people, err := parsePeople(peopleDocument)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range Methods() {
		if _, decided := people[methodName(m)]; !decided {
			t.Errorf("api/gate/people.md has no row for %s", methodName(m))
		}
	}
	if checkAccess(map[string][]string{}, map[string][]string{"provodka.ledger.v1.LedgerService/Pots": nil}) == nil {
		t.Error("a row without a method passed")
	}
	if _, err := parsePeople(strings.Replace(peopleDocument, "| owner, payer |", "| buyer |", 1)); err == nil {
		t.Error("an unknown role passed")
	}
}

func TestTablesAreComparedBothWays(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(string) string{
		"a method without a row": func(s string) string {
			return strings.Replace(s, "| provodka.ledger.v1.LedgerService/Post | ledger |\n", "", 1)
		},
		"a row without a method": func(s string) string { return strings.Replace(s, "LedgerService/Post |", "LedgerService/Pots |", 1) },
	} {
		access, err := parseAccess(change(accessDocument))
		if err == nil {
			err = checkAccess(access, nil)
		}
		if err == nil {
			t.Errorf("%s passed", name)
		}
	}
	for name, text := range map[string]string{
		"an unknown role":       strings.Replace(accessDocument, "Post | ledger |", "Post | god |", 1),
		"no role":               strings.Replace(accessDocument, "Post | ledger |", "Post | — |", 1),
		"a method twice":        accessDocument + "| provodka.ledger.v1.LedgerService/Post | ledger |\n",
		"another column's name": strings.Replace(accessDocument, "| Roles |", "| Who |", 1),
	} {
		if _, err := parseAccess(text); err == nil {
			t.Errorf("%s passed", name)
		}
	}
	for name, text := range map[string]string{
		"no row of a kind": strings.Replace(errorsDocument, "| state |", "| stat |", 1),
		"no such code":     strings.Replace(errorsDocument, "| queue_full |", "| queue_ful |", 1),
		"no such protocol": strings.Replace(errorsDocument, "| not_found |", "| lost |", 1),
		"no number":        strings.Replace(errorsDocument, "| 500 |", "| soon |", 1),
	} {
		if _, err := parseAnswers(text); err == nil {
			t.Errorf("%s passed", name)
		}
	}
}

func TestMessagesCarryTheirRefusal(t *testing.T) {
	t.Parallel()
	m := &ledgerv1.PostRequest{Book: "main"}
	if refused(m) != nil {
		t.Fatal("a message as it was sent carries nothing")
	}
	carry(m, fault.Refuse(fault.Malformed, "x", "why"))
	if r := refused(m); r == nil || r.Field != "x" || m.GetBook() != "" {
		t.Errorf("%v %v", r, m)
	}
	// What only we may carry is taken off a message that was sent with it.
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	sent := &ledgerv1.PostRequest{}
	if err := (binaryCodec{}).Unmarshal(raw, sent); err != nil || refused(sent) != nil {
		t.Errorf("%v %v", err, refused(sent))
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	p, refusal := parsePosition("f", "3.7,0.12,3.5")
	if refusal != nil || p.String() != "0.12,3.7" {
		t.Errorf("%v %v", p, refusal)
	}
	for _, bad := range []string{"", "1", "1.0", "1.x", "-1.2", "1.2,", "99999.1", "1.99999999999999999999"} {
		if p, refusal := parsePosition("f", bad); refusal == nil || refusal.Field != "f" {
			t.Errorf("%q is %v", bad, p)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	if requestID("caller-0042") != "caller-0042" {
		t.Error("a good id was replaced")
	}
	for _, bad := range []string{"", "short", strings.Repeat("x", 65), "with space", "new\nline00", "тест-тест"} {
		if id := requestID(bad); id == bad || len(id) != 36 {
			t.Errorf("%q gave %q", bad, id)
		}
	}
}

func FuzzCodecs(f *testing.F) {
	f.Add([]byte(`{"book":"x"}`), true)
	f.Add([]byte("\n\x01x"), false)
	f.Fuzz(func(t *testing.T, data []byte, json bool) {
		m := &ledgerv1.PostRequest{}
		var err error
		if json {
			err = jsonCodec{"json"}.Unmarshal(data, m)
		} else {
			err = binaryCodec{}.Unmarshal(data, m)
		}
		if err != nil {
			t.Fatal("a codec must not fail: the refusal travels in the message")
		}
		if r := refused(m); r != nil && (r.Code != fault.Malformed || r.Reason == "") {
			t.Fatal(r)
		}
	})
}
