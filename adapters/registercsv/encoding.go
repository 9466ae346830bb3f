package registercsv

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/provodka/provodka/ledger/fault"
)

// byteOrderMark tells spreadsheets that a file is UTF-8.
const byteOrderMark = "\xef\xbb\xbf"

// checkMarks looks at the first bytes: is it a text, and marked as UTF-8?
func checkMarks(data []byte) (marked bool, refusal *fault.Refusal) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return false, fault.Refuse(fault.FileEncoding, "", "the file is UTF-16; save it as CSV UTF-8 or CSV (windows-1251)")
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return false, fault.Refuse(fault.FileEncoding, "", "the file is a spreadsheet, not CSV; save it as CSV UTF-8")
	}
	return bytes.HasPrefix(data, []byte(byteOrderMark)), nil
}

// text is a record in our encoding. The first byte that is not ASCII decides the file's,
// by what stands around it; a refusal says that it is neither. A record that does not fit
// the file's encoding has U+FFFD in the places: its line is refused.
func (s *Stream) text(r *row) (fields []string, raw string, refusal *fault.Refusal) {
	if !ascii(r.raw) && (s.Encoding == "" || s.marked) {
		if refusal = s.guess(r); refusal != nil {
			return nil, "", refusal
		}
		s.marked = false // it was checked
	}
	decode := func(b []byte) string { return strings.ToValidUTF8(string(b), lost) }
	if s.Encoding == Windows && !ascii(r.raw) && !mixed(r.raw) {
		decode = func(b []byte) string {
			text, err := charmap.Windows1251.NewDecoder().Bytes(b)
			if err != nil {
				return lost
			}
			return string(text)
		}
	} else if s.Encoding == Windows && !ascii(r.raw) {
		decode = func(b []byte) string { // another encoding than the file's: nobody knows what it says
			if ascii(b) {
				return string(b)
			}
			return lost
		}
	}
	for _, f := range r.fields {
		fields = append(fields, strings.ReplaceAll(decode(f), "\x00", lost))
	}
	return fields, strings.ReplaceAll(decode(r.raw), "\x00", lost), nil
}

// lost is the sign of a letter lost in a conversion, U+FFFD.
const lost = "\ufffd"

// mixed says whether a record of a windows-1251 file is UTF-8: of Russian text in
// windows-1251 no eight letters are.
func mixed(raw []byte) bool {
	high := 0
	for _, b := range raw {
		if b >= utf8.RuneSelf {
			high++
		}
	}
	return high >= 8 && utf8.Valid(raw)
}

func ascii(raw []byte) bool {
	for _, b := range raw {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// guess decides the encoding by a record and what was read ahead of it.
func (s *Stream) guess(r *row) *fault.Refusal {
	sample := append(append(r.raw[:len(r.raw):len(r.raw)], '\n'), whole(s.rows.ahead())...)
	good, bad := 0, 0
	for rest := sample; len(rest) > 0; {
		letter, n := utf8.DecodeRune(rest)
		switch {
		case letter == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		rest = rest[n:]
	}
	utf := 10*bad < good || bad == 0 // a few bytes that are not refuse their lines alone
	if s.marked && !utf {
		return fault.Refuse(fault.FileEncoding, "", "the file begins with the mark of UTF-8 but its bytes are not UTF-8")
	}
	if utf {
		s.Encoding = UTF8
		return nil
	}
	text, err := charmap.Windows1251.NewDecoder().Bytes(sample)
	if err != nil || !plausible(sample, string(text)) {
		return fault.Refuse(fault.FileEncoding, "", "the bytes are neither UTF-8 nor Russian text in windows-1251 (line %d)", r.number)
	}
	s.Encoding = Windows
	return nil
}

// whole leaves out a letter at the end that is not there to its end.
func whole(ahead []byte) []byte {
	for n := 1; n < utf8.UTFMax && n <= len(ahead); n++ {
		if tail := ahead[len(ahead)-n:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return ahead[:len(ahead)-n]
			}
			break
		}
	}
	return ahead
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
	if 4*letters < 3*high {
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
