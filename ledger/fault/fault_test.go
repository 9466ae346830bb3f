package fault

import (
	"strings"
	"testing"
)

func TestTableHasWordsForEveryCode(t *testing.T) {
	t.Parallel()
	for _, i := range Table() {
		if i.Russian == "" || i.English == "" {
			t.Errorf("%s has no words", i.Code)
		}
		if i.Remembered && i.Retry == RetrySame {
			t.Errorf("%s is remembered, so the same key cannot help", i.Code)
		}
	}
}

func TestTableAndProgramAreComparedBothWays(t *testing.T) {
	t.Parallel()
	if _, err := parse(document + "| brand_new | state | never | no | а | a |\n"); err == nil || !strings.Contains(err.Error(), "brand_new") {
		t.Errorf("a code without a constant passed: %v", err)
	}
	if _, err := parse(strings.Replace(document, "| unbalanced |", "| unbalancd |", 1)); err == nil {
		t.Error("a misspelled code passed")
	}
}

func TestAtNamesThePath(t *testing.T) {
	t.Parallel()
	r := Refuse(AmountInvalid, "legs[1].amount", "%q is negative", "-1").At("operations[3]")
	if r.Error() != `amount_invalid: operations[3].legs[1].amount: "-1" is negative` {
		t.Error(r.Error())
	}
}
