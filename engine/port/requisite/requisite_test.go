package requisite

import (
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/fault"
	"pgregory.net/rapid"
)

// Published numbers that anybody can look up, and broken twins of them.
func TestPublishedNumbers(t *testing.T) {
	t.Parallel()
	snils := func(field, text string) *fault.Refusal { _, r := SNILS(field, text); return r }
	account := func(bic string) func(field, text string) *fault.Refusal {
		return func(field, text string) *fault.Refusal { return Account(field, text, bic) }
	}
	corr := func(bic string) func(field, text string) *fault.Refusal {
		return func(field, text string) *fault.Refusal { return CorrAccount(field, text, bic) }
	}
	for _, tc := range []struct {
		name  string
		check func(field, text string) *fault.Refusal
		text  string
		ok    bool
	}{
		{"inn of a bank", INN, "7707083893", true},
		{"inn wrong digit", INN, "7707083892", false},
		{"inn of domain examples", INN, "7701234560", true},
		{"inn of a person", INN, "770123456703", true},
		{"inn of a person wrong", INN, "770123456713", false},
		{"inn zeros", INN, "0000000000", false},
		{"inn zeros of a person", INN, "000000000000", false},
		{"inn of the tax service", INN, "7727406020", true},
		{"inn eleven digits", INN, "77012345670", false},
		{"inn letters", INN, "770708389O", false},
		{"inn arabic digits", INN, "٧٧٠٧٠٨٣٨٩٣", false},
		{"inn of a company asked of a person", PersonINN, "7707083893", false},
		{"account", account("044525225"), "40702810338000001464", true},
		{"account of another bank", account("044525226"), "40702810338000001464", false},
		{"account wrong digit", account("044525225"), "40702810338000001465", false},
		{"account short", account("044525225"), "4070281033800000146", false},
		{"account, no bank", account(""), "40702810338000001464", false},
		{"treasury account", account("017003983"), "03100643000000018500", true},
		{"single treasury account", corr("017003983"), "40102810445370000059", true},
		{"correspondent", corr("044525225"), "30101810400000000225", true},
		{"correspondent of another bank", corr("044525974"), "30101810400000000226", false},
		{"correspondent of a bank of the examples", corr("044525974"), "30101810145250000974", true},
		{"correspondent that is a client's", corr("044525225"), "40702810338000001464", false},
		{"bic", BIC, "044525225", true},
		{"bic treasury", BIC, "017003983", true},
		{"bic foreign", BIC, "944525225", false},
		{"bic short", BIC, "04452522", false},
		{"ogrn", OGRN, "1027700132195", true},
		{"ogrn wrong", OGRN, "1027700132196", false},
		{"ogrnip wrong", OGRNIP, "304500116000158", false},
		{"ogrnip", OGRNIP, "304500116000157", true},
		{"snils", snils, "112-233-445 95", true},
		{"snils wrong", snils, "112-233-445 96", false},
		{"snils without a check", snils, "001-001-998 77", true},
		{"kpp", KPP, "770801001", true},
		{"kpp letters", KPP, "7708AZ001", true},
		{"kpp small letters", KPP, "7708az001", false},
		{"oktmo", OKTMO, "45383000", true},
		{"oktmo nine", OKTMO, "453830000", false},
		{"kbk", KBK, "18201061201010000510", true},
	} {
		refusal := tc.check("payee.number", tc.text)
		if (refusal == nil) != tc.ok {
			t.Errorf("%s: %q: %v", tc.name, tc.text, refusal)
		}
		if refusal != nil && (refusal.Field != "payee.number" || refusal.Reason == "") {
			t.Errorf("%s: the refusal names neither field nor reason: %v", tc.name, refusal)
		}
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	if r := INN("inn", "1"); r.Code != fault.INNInvalid {
		t.Error(r)
	}
	if r := Account("account", "1", "044525225"); r.Code != fault.RequisitesInvalid {
		t.Error(r)
	}
	if r := INN("inn", strings.Repeat("9", 500)); len(r.Reason) > 200 {
		t.Error("the reason repeats the whole text")
	}
}

func TestRubleAccount(t *testing.T) {
	t.Parallel()
	bic := ExampleBIC(1)
	ruble := ExampleAccount("40702", bic, 1)
	if r := RubleAccount("account", ruble, bic); r != nil {
		t.Error(r)
	}
	dollar := withKey(strings.Replace(ruble, Ruble, "840", 1), bic[6:])
	if r := Account("account", dollar, bic); r != nil {
		t.Error(r)
	}
	if r := RubleAccount("account", dollar, bic); r == nil {
		t.Error("a dollar account passed")
	}
}

func TestInventedNumbersAreValid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		bic := ExampleBIC(seed)
		head := rapid.SampledFrom([]string{"40702", "40802", "40817", "40820", "40821"}).Draw(t, "head")
		account := ExampleAccount(head, bic, seed)
		snils, refusal := SNILS("snils", ExampleSNILS(seed))
		if refusal != nil || len(snils) != 11 {
			t.Fatal(refusal)
		}
		if phone, refusal := Phone("phone", ExamplePhone(seed)); refusal != nil || phone != ExamplePhone(seed) {
			t.Fatal(phone, refusal)
		}
		for _, r := range []*fault.Refusal{
			BIC("bic", bic), RubleAccount("account", account, bic), CorrAccount("corr", ExampleCorrAccount(bic), bic),
			CompanyINN("inn", ExampleINN(seed)), PersonINN("inn", ExamplePersonINN(seed)), OGRN("ogrn", ExampleOGRN(seed)), OGRNIP("ogrnip", ExampleOGRNIP(seed)),
		} {
			if r != nil {
				t.Fatal(r)
			}
		}
		i := rapid.IntRange(5, 19).Draw(t, "digit") // the head chooses the form of the key: another head is another question
		other := byte('0') + (account[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if broken := account[:i] + string(other) + account[i+1:]; Account("account", broken, bic) == nil {
			t.Fatalf("one wrong digit passed: %s for %s", broken, account)
		}
	})
}

func TestPhone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"+79153277121": "+79153277121", "8 (915) 327-71-21": "+79153277121", "79153277121": "+79153277121", "9153277121": "+79153277121",
		" +7\u00a0915 327.71.21 ": "+79153277121", "+77012345678": "+77012345678", "84950000000": "+74950000000",
		"+89153277121": "", "+9153277121": "", "+15551234567": "", "915327712": "", "": "", "+7915327712a": "", "7+9153277121": "", "+70123456789": "", "٩١٥٣٢٧٧١٢١": "",
	} {
		got, refusal := Phone("phone", text)
		if got != want || (refusal == nil) != (want != "") {
			t.Errorf("Phone(%q) = %q, %v; want %q", text, got, refusal, want)
		}
	}
}

func FuzzPhone(f *testing.F) {
	for _, s := range []string{"+7 915 327-71-21", "8(915)3277121", "+7", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, refusal := Phone("phone", s)
		if refusal != nil {
			return
		}
		if twice, refusal := Phone("phone", once); refusal != nil || twice != once || len(once) != 12 {
			t.Fatalf("%q became %q and then %q, %v", s, once, twice, refusal)
		}
	})
}
