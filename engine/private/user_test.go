package private

import "testing"

func TestMailAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"anna@romashka.ru": "anna@romashka.ru", " Anna@Romashka.RU ": "anna@romashka.ru", "бухгалтер@ромашка.рф": "бухгалтер@ромашка.рф",
		"a+b@x.co": "a+b@x.co", "anna": "", "anna@": "", "@x.ru": "", "Анна <a@x.ru>": "", "a@localhost": "", "a@x.ru, b@x.ru": "", "a@.ru": "", "": "",
		"a\r\n@x.ru": "", "a@x.ru\nBcc: b@x.ru": "",
	} {
		if got, ok := MailAddress(text); got != want || ok != (want != "") {
			t.Errorf("%q: %q %t", text, got, ok)
		}
	}
}
