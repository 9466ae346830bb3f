package registercsv

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/provodka/provodka/ledger/fault"
	"golang.org/x/text/encoding/charmap"
)

// byteOrderMark tells spreadsheets that a file is UTF-8.
const byteOrderMark = "\xef\xbb\xbf"

// decode finds the encoding and returns the text, without a byte order mark.
func decode(data []byte) (string, Encoding, *fault.Refusal) {
	refuse := func(format string, args ...any) (string, Encoding, *fault.Refusal) {
		return "", "", fault.Refuse(fault.FileEncoding, "", format, args...)
	}
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return refuse("the file is UTF-16; save it as CSV UTF-8 or CSV (windows-1251)")
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return refuse("the file is a spreadsheet, not CSV; save it as CSV UTF-8")
	case bytes.IndexByte(data, 0) >= 0:
		return refuse("the file has zero bytes, it is not text in UTF-8 or windows-1251")
	}
	if text, marked := bytes.CutPrefix(data, []byte(byteOrderMark)); marked {
		data = text
		if !utf8.Valid(data) {
			return refuse("the file begins with the mark of UTF-8 but its bytes are not UTF-8")
		}
	}
	if utf8.Valid(data) {
		if i := bytes.IndexRune(data, utf8.RuneError); i >= 0 {
			return refuse("line %d has the sign of a letter lost in a conversion (U+FFFD)", 1+bytes.Count(data[:i], []byte("\n")))
		}
		return string(data), UTF8, nil
	}
	text, err := charmap.Windows1251.NewDecoder().Bytes(data)
	if err != nil || !plausible(data, string(text)) {
		return refuse("the bytes are neither UTF-8 nor Russian text in windows-1251")
	}
	return string(text), Windows, nil
}

// plausible says whether bytes read as windows-1251 look like Russian text. Two
// encodings are told apart. cp866 keeps most letters at bytes where windows-1251 has
// signs. KOI8-R swaps small and capital letters, so that a word begins small and goes
// on in capitals, and puts consonants where vowels are expected: of Russian letters
// about 42 in 100 are vowels, of KOI8-R read so about 24.
func plausible(data []byte, text string) bool {
	high, letters := 0, 0
	for _, b := range data {
		if b >= 0x80 {
			high++
		}
		if b >= 0xC0 || b == 0xA8 || b == 0xB8 { // А to я, Ё, ё
			letters++
		}
	}
	if strings.ContainsRune(text, utf8.RuneError) || 4*letters < 3*high {
		return false
	}
	vowels, words, swapped := 0, 0, 0
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.Is(unicode.Cyrillic, r) }) {
		runes := []rune(word)
		for _, r := range runes {
			if strings.ContainsRune("аеёиоуыэюя", unicode.ToLower(r)) {
				vowels++
			}
		}
		if len(runes) < 3 {
			continue
		}
		words++
		if unicode.IsLower(runes[0]) && unicode.IsUpper(runes[1]) && unicode.IsUpper(runes[2]) {
			swapped++
		}
	}
	enough := letters >= 40 // fewer letters prove nothing
	return 4*swapped <= words && (!enough || 100*vowels >= 32*letters)
}
