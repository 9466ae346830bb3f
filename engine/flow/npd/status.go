package npd

import (
	"fmt"
	"slices"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/machine"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// The statuses: the words of selfemployed_status.
const (
	Unknown       = "unknown"
	Registered    = "registered"
	Requested     = "requested"
	Validated     = "validated"
	Declined      = "declined"
	Revoked       = "revoked"
	NotRegistered = "not_registered"
)

// Who said how a person stands.
const (
	SourceBind    = "bind"
	SourceCheck   = "check"
	SourcePayment = "payment"
	SourceFeed    = "feed"
	SourcePublic  = "public"
)

// TaxPayment is the permission to pay the person's tax.
const TaxPayment = "TAX_PAYMENT"

// incomeSummary is the permission to see the income of a month, by anybody.
const incomeSummary = "INCOME_SUMMARY"

// Kept is how many changes of the status are kept beside it; the journal has all.
const Kept = 32

// become notes what was said for sure. Only another status is a change.
func (s *step) become(status, source, code string) {
	now := flow.Text(s.view.Clock)
	s.data.CheckedAt = now
	s.data.WasValidated = s.data.WasValidated || status == Validated
	if status == s.data.Status {
		return
	}
	s.data.Status, s.data.At, s.data.Source, s.data.Code = status, now, source, code
	s.data.History = append(s.data.History, &flowv1.NpdChange{Status: status, At: now, Source: source, Code: code})
	if over := len(s.data.History) - Kept; over > 0 {
		s.data.History = s.data.History[over:]
	}
}

// tables are the lists of npd.md that are not rows of the flow.
type tables struct {
	titles      map[string]string // of the statuses
	permissions []string
	needed      []string
}

var lists = mustTables(document)

func mustTables(text string) tables {
	t, err := readTables(text)
	if err != nil {
		panic(err.Error())
	}
	return t
}

const file = "engine/flow/npd/npd.md"

// readTables reads Statuses, Sources and Permissions and compares their words with the
// program's.
func readTables(text string) (tables, error) {
	out := tables{titles: map[string]string{}}
	all, err := machine.ParseTables(file, text)
	if err != nil {
		return out, err
	}
	for _, part := range []struct {
		heading string
		columns []string
		program []string
		read    func(machine.Row) error
	}{
		{"Statuses", []string{"Status", "Russian", "Meaning"}, []string{Unknown, Registered, Requested, Validated, Declined, Revoked, NotRegistered}, func(r machine.Row) error {
			if out.titles[r.Cell("Status")] = r.Cell("Russian"); r.Cell("Russian") == "" {
				return r.Errorf("a status has a Russian name")
			}
			return nil
		}},
		{"Sources", []string{"Source", "Meaning"}, []string{SourceBind, SourceCheck, SourcePayment, SourceFeed, SourcePublic}, func(machine.Row) error { return nil }},
		{"Permissions", []string{"Permission", "Needed", "Meaning"}, nil, func(r machine.Row) error {
			out.permissions = append(out.permissions, r.Cell("Permission"))
			switch r.Cell("Needed") {
			case "yes":
				out.needed = append(out.needed, r.Cell("Permission"))
			case "":
			default:
				return r.Errorf("a permission is needed (yes) or not")
			}
			return nil
		}},
	} {
		t, err := machine.Find(all, part.heading)
		if err != nil {
			return out, fmt.Errorf("%s: %w", file, err)
		}
		if err := t.Expect(part.columns...); err != nil {
			return out, err
		}
		var first []string
		for _, r := range t.Rows {
			if slices.Contains(first, r.Cell(part.columns[0])) {
				return out, r.Errorf("%s stands twice", r.Cell(part.columns[0]))
			}
			first = append(first, r.Cell(part.columns[0]))
			if err := part.read(r); err != nil {
				return out, err
			}
		}
		if part.program != nil {
			if err := machine.Names(part.columns[0], first, part.program); err != nil {
				return out, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	if len(out.needed) == 0 {
		return out, fmt.Errorf("%s: no permission is needed", file)
	}
	return out, nil
}

// Title is a status in Russian; "" when there is none such.
func Title(status string) string { return lists.titles[status] }

// Permissions are what a person is asked to allow when nothing else is said, sorted.
func Permissions() []string { return slices.Sorted(slices.Values(lists.permissions)) }

func known(permission string) bool { return slices.Contains(lists.permissions, permission) }

// sufficient says whether income may be registered with these permissions.
func sufficient(permissions []string) bool {
	return !slices.ContainsFunc(lists.needed, func(n string) bool { return !slices.Contains(permissions, n) })
}
