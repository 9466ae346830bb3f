package requisite

import (
	"testing"

	"github.com/provodka/provodka/ledger/fault"
	"pgregory.net/rapid"
)

func TestPassport(t *testing.T) {
	t.Parallel()
	const today = "2026-03-02"
	number := func(text string) *fault.Refusal { _, r := PassportNumber("f", text); return r }
	code := func(text string) *fault.Refusal { _, r := DepartmentCode("f", text); return r }
	born := func(text string) *fault.Refusal { return Birthday("f", text, today) }
	issued := func(text string) *fault.Refusal { return PassportIssued("f", text, "1990-02-28", today) }
	for name, tc := range map[string]struct {
		check func(string) *fault.Refusal
		good  []string
		bad   []string
	}{
		"number": {number, []string{"4504 123456", "45 04 № 123456", "4504123456"}, []string{"", "450412345", "45041234567", "0000123456", "4504000000", "45O4123456"}},
		"code":   {code, []string{"770-001", "770001"}, []string{"", "77-001", "000-000", "770-00A"}},
		"birthday": {born, []string{"1990-02-28", "2012-03-02", "1906-03-02"},
			[]string{"", "28.02.1990", "1990-02-30", "2012-03-03", "1906-03-01", "2030-01-01"}},
		"issued": {issued, []string{"2004-02-28", "2026-03-02"}, []string{"", "2026-03-03", "1997-09-30", "2004-02-27", "2010-13-01"}},
	} {
		for _, text := range tc.good {
			if r := tc.check(text); r != nil {
				t.Errorf("%s %q: %v", name, text, r)
			}
		}
		for _, text := range tc.bad {
			if r := tc.check(text); r == nil || r.Code != fault.PassportInvalid || r.Field != "f" {
				t.Errorf("%s %q: %v", name, text, r)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		plain, r := PassportNumber("f", ExamplePassport(rapid.Uint64().Draw(t, "seed")))
		if again, r2 := PassportNumber("f", plain); r != nil || r2 != nil || again != plain {
			t.Fatalf("%s %v %v", plain, r, r2)
		}
	})
}
