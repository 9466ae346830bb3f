package document

import (
	"strings"

	"github.com/provodka/provodka/ledger/money"
)

// rubles writes an amount as documents do: 1 234,50 with spaces that do not break.
func rubles(a money.Amount) string {
	whole, part, _ := strings.Cut(money.RUB.Format(a), ".")
	sign := ""
	if rest, ok := strings.CutPrefix(whole, "-"); ok {
		sign, whole = "-", rest
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "\u00a0" + whole[i:]
	}
	return sign + whole + "," + part
}

var (
	ones      = []string{"", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять", "одиннадцать", "двенадцать", "тринадцать", "четырнадцать", "пятнадцать", "шестнадцать", "семнадцать", "восемнадцать", "девятнадцать"}
	tens      = []string{"", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто"}
	hundreds  = []string{"", "сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот"}
	scales    = [][3]string{{"рубль", "рубля", "рублей"}, {"тысяча", "тысячи", "тысяч"}, {"миллион", "миллиона", "миллионов"}, {"миллиард", "миллиарда", "миллиардов"}, {"триллион", "триллиона", "триллионов"}}
	feminines = map[int]string{1: "одна", 2: "две"}
)

// inWords says an amount of rubles of scale 2, not negative, in words: "сто один рубль
// 50 копеек". What has no word stays a number.
func inWords(a money.Amount) string {
	whole, kopecks, _ := strings.Cut(money.RUB.Format(a), ".")
	if strings.HasPrefix(whole, "-") || len(whole) > 3*len(scales) {
		return rubles(a) + " руб."
	}
	var said []string
	for len(whole)%3 != 0 {
		whole = "0" + whole
	}
	last := 0
	for i := 0; i < len(whole); i += 3 {
		scale := (len(whole)-i)/3 - 1
		n := int(whole[i]-'0')*100 + int(whole[i+1]-'0')*10 + int(whole[i+2]-'0')
		last = n
		if n == 0 {
			continue
		}
		said = append(said, triple(n, scale == 1)...)
		if scale > 0 {
			said = append(said, scales[scale][plural(n)])
		}
	}
	if len(said) == 0 {
		said = []string{"ноль"}
	}
	part := int(kopecks[0]-'0')*10 + int(kopecks[1]-'0')
	said = append(said, scales[0][plural(last)], kopecks, []string{"копейка", "копейки", "копеек"}[plural(part)])
	return strings.Join(said, " ")
}

func triple(n int, feminine bool) []string {
	var said []string
	if w := hundreds[n/100]; w != "" {
		said = append(said, w)
	}
	if n %= 100; n >= len(ones) {
		said = append(said, tens[n/10])
		n %= 10
	}
	if w := feminines[n]; feminine && w != "" {
		return append(said, w)
	}
	if w := ones[n]; w != "" {
		said = append(said, w)
	}
	return said
}

// plural is which form of a noun goes with a number: рубль, рубля, рублей.
func plural(n int) int {
	switch n %= 100; {
	case n >= 11 && n <= 14:
		return 2
	case n%10 == 1:
		return 0
	case n%10 >= 2 && n%10 <= 4:
		return 1
	}
	return 2
}
