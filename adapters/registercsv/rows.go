package registercsv

import (
	"bufio"
	"bytes"
	"io"
)

// MaxRowBytes bounds a row. The longest that passes the limits of its fields has about
// 20,000 bytes.
const MaxRowBytes = 64 << 10

// rows cuts a file into records as it comes, and remembers where they stand. It keeps no
// more than a record and what is read ahead of it.
type rows struct {
	from      *bufio.Reader
	delimiter byte
	read      int        // lines
	back      []textLine // that follow a record that was given up: to be read again
}

// textLine is a line of the file, wherever quotes stand.
type textLine struct {
	number    int
	text, end []byte
	long      bool // the text is cut
}

// row is one record of the file, in its own bytes.
type row struct {
	number int // of its first line, from 1
	raw    []byte
	fields [][]byte
	broken string // why it has no fields; "" when it has
}

func newRows(from io.Reader) *rows {
	return &rows{from: bufio.NewReaderSize(&failing{from: from}, MaxRowBytes)}
}

// failing fails for ever once its reader has: who looks ahead learns of an error that
// is nobody's business before the bytes in front of it are read.
type failing struct {
	from io.Reader
	err  error
}

// Read implements io.Reader.
func (f *failing) Read(p []byte) (n int, err error) {
	if f.err == nil {
		n, f.err = f.from.Read(p)
	}
	return n, f.err
}

// line reads a line; it ends with LF, CR LF or CR. The error is io.EOF behind the last.
func (r *rows) line() (textLine, error) {
	if len(r.back) > 0 {
		l := r.back[0]
		r.back = r.back[1:]
		return l, nil
	}
	l := textLine{number: r.read + 1}
	for {
		if _, err := r.from.Peek(1); err != nil {
			if err == io.EOF && (len(l.text) > 0 || l.long) {
				break
			}
			return l, err
		}
		ahead, _ := r.from.Peek(r.from.Buffered())
		n := bytes.IndexAny(ahead, "\r\n")
		text := ahead
		if n >= 0 {
			text = ahead[:n]
		}
		room := MaxRowBytes - len(l.text)
		l.long = l.long || len(text) > room
		l.text = append(l.text, text[:min(len(text), room)]...)
		if n < 0 {
			_, _ = r.from.Discard(len(ahead)) // it is in the buffer
			continue
		}
		l.end = []byte{ahead[n]}
		_, _ = r.from.Discard(n + 1)
		if l.end[0] == '\r' {
			if next, _ := r.from.Peek(1); len(next) == 1 && next[0] == '\n' {
				l.end = []byte("\r\n")
				_, _ = r.from.Discard(1)
			}
		}
		break
	}
	r.read++
	return l, nil
}

// Why a record has no fields.
const (
	brokenLong  = "the line is longer than a task can be; it may have lost its line break"
	brokenQuote = "a quote stands in the middle of a field, or is not closed; double it and put the field in quotes"
	brokenOpen  = "a quote opened in this line is not closed; close it, or double it and put the field in quotes"
)

// next cuts the next record; the error is io.EOF behind the last. Of a record whose quotes
// are wrong its first line alone is given up: what follows is read as if the line
// were not there, so that one quote costs one line and not the rest of the file.
func (r *rows) next() (*row, error) {
	first, err := r.line()
	if err != nil {
		return nil, err
	}
	found := &row{number: first.number, raw: first.text}
	if first.long {
		found.broken = brokenLong
		return found, nil
	}
	c := cutter{delimiter: r.delimiter}
	end, good := first.end, c.feed(first.text)
	raw := first.text
	var more []textLine
	for good && c.open() {
		following, err := r.line()
		if err != nil && err != io.EOF {
			return nil, err
		}
		if err == nil {
			more = append(more, following)
		}
		if err == io.EOF || following.long || len(raw)+len(following.text) > MaxRowBytes {
			found.broken, r.back = brokenOpen, append(more, r.back...)
			return found, nil
		}
		c.field = append(c.field, '\n')
		raw = append(append(raw[:len(raw):len(raw)], end...), following.text...)
		end, good = following.end, c.feed(following.text)
	}
	if !good {
		found.broken, r.back = brokenQuote, append(more, r.back...)
		return found, nil
	}
	found.raw, found.fields = raw, c.fields
	return found, nil
}

// ahead shows what was read ahead, for guessing at the encoding.
func (r *rows) ahead() []byte {
	ahead, _ := r.from.Peek(MaxRowBytes) // as much as there is
	return ahead
}

// cutter cuts the lines of a record into fields.
type cutter struct {
	delimiter byte
	fields    [][]byte
	field     []byte
	at        place
}

// place is where in a field the cutter stands.
type place int

const (
	atStart place = iota
	inPlain
	inQuotes
	behindQuote // one that closes the field, or begins a doubled one
)

// open says whether the record goes on in the next line.
func (c *cutter) open() bool { return c.at == inQuotes }

// feed takes the next line of the record; false when a quote stands where none may.
func (c *cutter) feed(text []byte) bool {
	for _, b := range text {
		switch {
		case c.at == inQuotes && b == '"':
			c.at = behindQuote
		case c.at == inQuotes:
			c.field = append(c.field, b)
		case b == c.delimiter:
			c.end()
		case b == '"' && c.at == atStart:
			c.at = inQuotes
		case b == '"' && c.at == behindQuote:
			c.at = inQuotes
			c.field = append(c.field, b)
		case b == '"' || c.at == behindQuote:
			return false
		default:
			c.at = inPlain
			c.field = append(c.field, b)
		}
	}
	if !c.open() {
		c.end()
	}
	return true
}

func (c *cutter) end() {
	c.fields = append(c.fields, c.field)
	c.field, c.at = nil, atStart
}
