package fault_test

import (
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/fault"
)

// TestEveryRefusalIsExplained: each code says what, whether a retry helps and who must
// act, in both languages, and the numbers are in it.
func TestEveryRefusalIsExplained(t *testing.T) {
	t.Parallel()
	for _, info := range fault.Table() {
		r := fault.Refuse(info.Code, "legs[0]", "12.00 of 15.00").With("available", "12.00").With("another", "15.00")
		russian, english := r.Explain()
		ru, en := strings.Join(russian, "\n"), strings.Join(english, "\n")
		for _, want := range []string{string(info.Code), info.Russian, "доступно 12.00", "another 15.00", "legs[0]", "Повтор ", "Действовать должен "} {
			if !strings.Contains(ru, want) {
				t.Errorf("%s: %q is not in\n%s", info.Code, want, ru)
			}
		}
		for _, want := range []string{info.English, "12.00 of 15.00", "A retry ", "To act: "} {
			if !strings.Contains(en, want) {
				t.Errorf("%s: %q is not in\n%s", info.Code, want, en)
			}
		}
		if strings.Contains(ru, "Повтор .") || strings.Contains(ru, "должен .") {
			t.Errorf("%s: words are missing\n%s", info.Code, ru)
		}
	}
}
