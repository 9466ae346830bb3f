package onec

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/provodka/provodka/ledger/fault"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// codePage is the table of a one-byte encoding; nil for UTF-8.
func (e Encoding) codePage() encoding.Encoding {
	switch e {
	case Windows:
		return charmap.Windows1251
	case DOS:
		return charmap.CodePage866
	}
	return nil
}

// bytesOf is the word as the encoding writes it.
func (e Encoding) bytesOf(word string) []byte {
	page := e.codePage()
	if page == nil {
		return []byte(word)
	}
	b, err := page.NewEncoder().Bytes([]byte(word))
	if err != nil {
		panic("onec: " + word + " is not of the encoding " + string(e))
	}
	return b
}

// declarations are the spellings of Кодировка. "" means that the file says nothing.
var declarations = map[string]Encoding{
	"windows": Windows, "win": Windows, "windows-1251": Windows, "dos": DOS, "utf-8": UTF8, "utf8": UTF8,
}

// keyWords are words that every file has; the encoding that spells them is the
// encoding of the bytes. One-byte Cyrillic can not pass for UTF-8, and the two code
// pages put these letters at different bytes.
var keyWords = []string{"ВерсияФормата", keyEncoding, sectionStart, documentStart, fileEnd}

// detect finds the encoding of the bytes by the words that they must spell.
func detect(data []byte) (Encoding, bool) {
	for _, e := range []Encoding{UTF8, Windows, DOS} {
		for _, word := range keyWords {
			if bytes.Contains(data, e.bytesOf(word)) {
				return e, true
			}
		}
	}
	return "", false
}

// decode finds the encoding of the bytes, compares it with what the file
// declares, and returns the text.
func decode(data []byte) (string, Encoding, *fault.Refusal) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return "", "", fault.Refuse(fault.FileEncoding, "", "the file is UTF-16; windows-1251, cp866 and UTF-8 are read")
	}
	data, marked := bytes.CutPrefix(data, byteOrderMark)
	first, _, _ := bytes.Cut(data, []byte("\n"))
	if string(bytes.TrimRight(first, "\r \t")) != mark {
		return "", "", fault.Refuse(fault.FileFormat, "line 1", "the first line is not %s", mark)
	}
	real, found := detect(data)
	switch {
	case marked && real != UTF8 && found:
		return "", "", fault.Refuse(fault.FileEncoding, "", "the file begins with the mark of UTF-8 but its words are in %s", real.name())
	case !found && bytes.Count(data, []byte("\n")) <= 1:
		return "", "", fault.Refuse(fault.FileTruncated, "line 1", "the file ends after its first line")
	case !found:
		return "", "", fault.Refuse(fault.FileEncoding, "", "the words of the format are not found in windows-1251, cp866 or UTF-8")
	}
	if refusal := checkDeclared(data, real); refusal != nil {
		return "", "", refusal
	}
	text, refusal := toText(data, real)
	return text, real, refusal
}

// checkDeclared compares the key Кодировка with the encoding of the bytes.
func checkDeclared(data []byte, real Encoding) *fault.Refusal {
	declared := ""
	for line := range bytes.Lines(data) {
		if line[len(line)-1] != '\n' {
			break // cut in the middle: the file is truncated, whatever it was to declare
		}
		if value, ok := bytes.CutPrefix(bytes.TrimSpace(line), real.bytesOf(keyEncoding+"=")); ok {
			declared = strings.TrimSpace(string(value))
			break
		}
	}
	if declared == "" {
		return nil
	}
	want, known := declarations[strings.ToLower(declared)]
	if !known {
		return fault.Refuse(fault.FileEncoding, keyEncoding, "the file declares the encoding %q; Windows, DOS and UTF-8 are read", bound(declared))
	}
	if want != real {
		return fault.Refuse(fault.FileEncoding, keyEncoding, "the file declares %s but its bytes are %s", declared, real.name()).
			With("declared", declared).With("found", string(real))
	}
	return nil
}

// toText decodes line by line, so that a refusal names the line.
func toText(data []byte, e Encoding) (string, *fault.Refusal) {
	var b strings.Builder
	b.Grow(2 * len(data))
	page := e.codePage()
	number := 0
	for line := range bytes.Lines(data) {
		number++
		last := line[len(line)-1] != '\n'
		if page == nil {
			if !utf8.Valid(line) && !(last && cutRune(line)) {
				return "", fault.Refuse(fault.FileEncoding, lineField(number), "the bytes are not UTF-8")
			}
			b.Write(bytes.ToValidUTF8(line, nil)) // only a letter cut by the end of the file is left out
			continue
		}
		if _, value, ok := bytes.Cut(line, []byte("=")); ok && looksUTF8(value) {
			return "", fault.Refuse(fault.FileEncoding, lineField(number), "the value is UTF-8 in a file of %s", e.name())
		}
		decoded, err := page.NewDecoder().Bytes(line)
		if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
			return "", fault.Refuse(fault.FileEncoding, lineField(number), "a byte is not of %s", e.name())
		}
		b.Write(decoded)
	}
	return b.String(), nil
}

// cutRune says whether the line is valid UTF-8 but for the last letter, which the
// end of the file cut: such a file is truncated, not of another encoding.
func cutRune(line []byte) bool {
	for n := 1; n < utf8.UTFMax && n <= len(line); n++ {
		if tail := line[len(line)-n:]; utf8.RuneStart(tail[0]) {
			return utf8.Valid(line[:len(line)-n]) && !utf8.FullRune(tail)
		}
	}
	return false
}

// looksUTF8 says whether the value holds at least two Cyrillic letters of UTF-8
// and nothing that is not UTF-8: text of a code page does not come out so.
func looksUTF8(value []byte) bool {
	if !utf8.Valid(value) {
		return false
	}
	letters := 0
	for _, r := range string(value) {
		if r >= 'Ѐ' && r <= 'ӿ' {
			letters++
		}
	}
	return letters >= 2
}

// name is the encoding as people call it.
func (e Encoding) name() string {
	switch e {
	case Windows:
		return "windows-1251"
	case DOS:
		return "cp866"
	}
	return "UTF-8"
}
