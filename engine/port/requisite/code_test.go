package requisite

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

func exampleCode() Code {
	bic := "044525225"
	return Code{
		Name: "ООО «Проводка»", Account: ExampleAccount("40702", bic, 7), BankName: "ПАО Сбербанк", BIC: bic, Corr: ExampleCorrAccount(bic),
		INN: "7707083893", KPP: "773601001", Purpose: "Пополнение счета код 0A1B2C3D4E. Без НДС", Sum: money.MustParse("1500.50"),
	}
}

func TestCodeOfAPayment(t *testing.T) {
	t.Parallel()
	c := exampleCode()
	want := "ST00012|Name=ООО «Проводка»|PersonalAcc=" + c.Account + "|BankName=ПАО Сбербанк|BIC=044525225|CorrespAcc=" + c.Corr +
		"|Sum=150050|Purpose=Пополнение счета код 0A1B2C3D4E. Без НДС|PayeeINN=7707083893|KPP=773601001"
	if got, refusal := c.Text(); refusal != nil || got != want {
		t.Errorf("%v\n%s\nwant\n%s", refusal, got, want)
	}
	for sum, want := range map[string]string{"0": "", "0.01": "|Sum=1|", "10": "|Sum=1000|", "0.70": "|Sum=70|"} {
		c.Sum = money.MustParse(sum)
		if got, _ := c.Text(); strings.Contains(got, "Sum") != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%s became %s", sum, got)
		}
	}
	c.Name, c.KPP, c.INN = "ООО «А|Б»", "", ""
	if got, refusal := c.Text(); refusal != nil || !strings.HasPrefix(got, "ST00012~Name=ООО «А|Б»~") || strings.Contains(got, "KPP") || strings.Contains(got, "INN") {
		t.Errorf("%s %v", got, refusal)
	}
}

func TestCodeRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*Code)
		field  string
		code   fault.Code
	}{
		"no name":          {func(c *Code) { c.Name = " " }, "name", fault.RequisitesInvalid},
		"long name":        {func(c *Code) { c.Name = strings.Repeat("я", 161) }, "name", fault.RequisitesInvalid},
		"no bank":          {func(c *Code) { c.BankName = "" }, "bank_name", fault.RequisitesInvalid},
		"long bank":        {func(c *Code) { c.BankName = strings.Repeat("я", 46) }, "bank_name", fault.RequisitesInvalid},
		"long purpose":     {func(c *Code) { c.Purpose = strings.Repeat("я", 211) }, "purpose", fault.RequisitesInvalid},
		"line break":       {func(c *Code) { c.Purpose = "а\nб" }, "purpose", fault.RequisitesInvalid},
		"all separators":   {func(c *Code) { c.Purpose = separators }, "purpose", fault.RequisitesInvalid},
		"another bank":     {func(c *Code) { c.BIC = ExampleBIC(3) }, "account", fault.RequisitesInvalid},
		"no bic":           {func(c *Code) { c.BIC = "" }, "bic", fault.RequisitesInvalid},
		"no correspondent": {func(c *Code) { c.Corr = "" }, "corr_account", fault.RequisitesInvalid},
		"inn":              {func(c *Code) { c.INN = "7707083892" }, "inn", fault.INNInvalid},
		"kpp":              {func(c *Code) { c.KPP = "1" }, "kpp", fault.RequisitesInvalid},
		"negative":         {func(c *Code) { c.Sum = money.MustParse("-1") }, "amount", fault.AmountInvalid},
		"half a kopeck":    {func(c *Code) { c.Sum = money.MustParse("0.005") }, "amount", fault.AmountInvalid},
		"nineteen digits":  {func(c *Code) { c.Sum = money.MustParse("10000000000000000.00") }, "amount", fault.AmountInvalid},
	} {
		c := exampleCode()
		tc.change(&c)
		if text, refusal := c.Text(); refusal == nil || refusal.Field != tc.field || refusal.Code != tc.code || text != "" {
			t.Errorf("%s: %q %v", name, text, refusal)
		}
	}
}

// TestCodeIsReadBack reads codes as a bank does: by the separator after the service block
// and the first = of each part.
func TestCodeIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		c := exampleCode()
		c.Name = rapid.StringMatching(`[А-Я|~^#=«» a-z]{0,20}я`).Draw(rt, "name")
		c.Purpose = rapid.StringMatching(`[а-я|~^#=. 0-9]{0,40}`).Draw(rt, "purpose")
		kopecks := rapid.Int64Range(0, 1<<53).Draw(rt, "kopecks")
		c.Sum = money.New(kopecks, 2)
		text, refusal := c.Text()
		if refusal != nil {
			if strings.ContainsAny(c.Name+c.Purpose, "|") {
				return // all of them may stand in it
			}
			rt.Fatal(refusal)
		}
		read, rest := map[string]string{}, text[len("ST00012"):]
		for _, part := range strings.Split(rest[1:], rest[:1]) {
			key, value, _ := strings.Cut(part, "=")
			read[key] = value
		}
		sum := money.Zero
		if s := read["Sum"]; s != "" {
			sum = money.MustParse(s).Mul(money.New(1, 2), 2, money.Down)
		}
		if read["Name"] != c.Name || read["Purpose"] != c.Purpose || !sum.Equal(c.Sum) || read["PersonalAcc"] != c.Account || read["CorrespAcc"] != c.Corr {
			rt.Fatalf("%s reads as %v", text, read)
		}
	})
}
