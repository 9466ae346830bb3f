package monthly

import (
	"testing"

	"github.com/provodka/provodka/ledger/money"
)

// TestTheActSaysOfVATWhatIsConfigured: nobody is told that a charge is free of VAT unless
// somebody has said so.
func TestTheActSaysOfVATWhatIsConfigured(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		vat  VAT
		want string
	}{
		{VAT{}, ""},
		{VAT{Words: "НДС не облагается (п. 2 ст. 346.11 НК РФ)."}, "НДС не облагается (п. 2 ст. 346.11 НК РФ)."},
		{VAT{Percent: "22", Words: "не читается"}, "В том числе НДС 22 %: 18.03 руб."},
	} {
		if got := tc.vat.say(money.MustParse("100.00")); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.vat, got, tc.want)
		}
	}
}
