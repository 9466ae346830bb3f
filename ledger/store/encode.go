package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"
)

// execution is one run of a prepared statement with its parameters in binary, or one
// COPY with its rows.
type execution struct {
	statement string
	params    [][]byte
	copied    []byte // the rows of a COPY; nil for a prepared statement
}

// executionBytes bounds the parameters of one execution: CockroachDB refuses messages
// of 16 MiB. A statement with more rows is run several times in the transaction.
const executionBytes = 8 << 20

// encoder turns rows into executions. Arrays are written by hand in PostgreSQL's binary
// format: through reflection the same takes several times as long.
type encoder struct {
	executions []execution
	buffers    [][]byte // of earlier batches, to be used again
	used       [][]byte
	err        error
}

// reset puts the buffers back in such an order that each column of a like batch gets its
// own again, which is long enough.
func (e *encoder) reset() {
	slices.Reverse(e.used)
	e.buffers = append(e.buffers, e.used...)
	clear(e.used)
	e.used, e.executions, e.err = e.used[:0], e.executions[:0], nil
}

func (e *encoder) buffer() []byte {
	if n := len(e.buffers); n > 0 {
		b := e.buffers[n-1]
		e.buffers = e.buffers[:n-1]
		return b[:0]
	}
	return make([]byte, 0, 4<<10)
}

// table encodes the rows of one statement: parameters that are the same for all rows,
// then one array per column. A COPY has one column instead, which holds whole rows: a
// field of a row is written as an element of an array is.
type table struct {
	e         *encoder
	statement string
	fixed     [][]byte
	columns   []column
	copying   int // columns that a COPY writes, 0 for a prepared statement
	rows      int
	bytes     int
	cells     cells // of the row under way
}

func (e *encoder) table(statement string, fixed [][]byte, elements ...uint32) *table {
	t := &table{e: e, statement: statement, fixed: fixed, columns: make([]column, len(elements))}
	for i, oid := range elements {
		t.columns[i].oid = oid
	}
	return t
}

// copy encodes rows for a COPY of that many columns, the fixed ones first.
func (e *encoder) copy(statement string, fixed [][]byte, columns int) *table {
	return &table{e: e, statement: statement, fixed: fixed, columns: make([]column, 1), copying: columns}
}

// row begins the next row; its columns are written through the answer, from the left.
func (t *table) row() *cells {
	if t.bytes > executionBytes {
		t.flush()
	}
	if t.rows == 0 {
		for i := range t.columns {
			t.columns[i].begin(t.e.buffer(), t.copying > 0)
		}
	}
	t.rows++
	t.cells = cells{t: t}
	if t.copying == 0 {
		return &t.cells
	}
	col := &t.columns[0]
	col.buf = binary.BigEndian.AppendUint16(col.buf, uint16(t.copying))
	for _, value := range t.fixed {
		col.buf = append(binary.BigEndian.AppendUint32(col.buf, uint32(len(value))), value...)
	}
	return &t.cells
}

// flush makes an execution of the rows that wait.
func (t *table) flush() {
	if t.rows == 0 {
		return
	}
	if t.copying > 0 {
		rows := append(t.columns[0].buf, 0xff, 0xff) // the end
		t.e.used = append(t.e.used, rows)
		t.e.executions = append(t.e.executions, execution{statement: t.statement, copied: rows})
		t.rows, t.bytes = 0, 0
		return
	}
	params := make([][]byte, 0, len(t.fixed)+len(t.columns))
	params = append(params, t.fixed...)
	for i := range t.columns {
		array := t.columns[i].finish(t.rows)
		t.e.used = append(t.e.used, array)
		params = append(params, array)
	}
	t.e.executions = append(t.e.executions, execution{statement: t.statement, params: params})
	t.rows, t.bytes = 0, 0
}

// column is a one-dimensional array under way.
type column struct {
	oid uint32
	buf []byte
}

// arrayHeader is dimensions, null flag, element type, length, lower bound.
const arrayHeader = 5 * 4

// copyHeader is the signature, flags and the length of an extension of a binary COPY.
const copyHeader = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"

func (c *column) begin(buf []byte, copying bool) {
	if copying {
		c.buf = append(buf, copyHeader...)
		return
	}
	c.buf = append(buf, make([]byte, arrayHeader)...)
}

func (c *column) finish(n int) []byte {
	head := c.buf[:0]
	head = binary.BigEndian.AppendUint32(head, 1)
	head = binary.BigEndian.AppendUint32(head, 0)
	head = binary.BigEndian.AppendUint32(head, c.oid)
	head = binary.BigEndian.AppendUint32(head, uint32(n))
	binary.BigEndian.AppendUint32(head, 1)
	return c.buf
}

// cells writes one row, column by column.
type cells struct {
	t *table
	i int
}

func (c *cells) next() *column {
	if c.t.copying > 0 {
		return &c.t.columns[0]
	}
	col := &c.t.columns[c.i]
	c.i++
	return col
}

func (c *cells) raw(b []byte) *cells {
	col := c.next()
	col.buf = append(binary.BigEndian.AppendUint32(col.buf, uint32(len(b))), b...)
	c.t.bytes += len(b) + 4
	return c
}

// written is raw for bytes that write appends.
func (c *cells) written(write func(b []byte) []byte) *cells {
	col := c.next()
	at := len(col.buf)
	col.buf = write(append(col.buf, 0, 0, 0, 0))
	n := len(col.buf) - at - 4
	binary.BigEndian.PutUint32(col.buf[at:], uint32(n))
	c.t.bytes += n + 4
	return c
}

func (c *cells) text(s string) *cells {
	col := c.next()
	col.buf = append(binary.BigEndian.AppendUint32(col.buf, uint32(len(s))), s...)
	c.t.bytes += len(s) + 4
	return c
}

func (c *cells) int2(v int16) *cells {
	col := c.next()
	col.buf = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(col.buf, 2), uint16(v))
	c.t.bytes += 6
	return c
}

func (c *cells) int4(v int32) *cells {
	col := c.next()
	col.buf = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(col.buf, 4), uint32(v))
	c.t.bytes += 8
	return c
}

func (c *cells) int8(v int64) *cells {
	col := c.next()
	col.buf = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(col.buf, 8), uint64(v))
	c.t.bytes += 12
	return c
}

// numeric writes a plain decimal number; the empty text is zero.
func (c *cells) numeric(text string) *cells {
	return c.written(func(b []byte) []byte {
		b, err := appendNumeric(b, text)
		if err != nil && c.t.e.err == nil {
			c.t.e.err = fmt.Errorf("%s: %w", c.t.statement, err)
		}
		return b
	})
}

var errNumeric = errors.New("not a plain decimal number")

// maxNumericText bounds a decimal number's text: sums of amounts of 38 digits fit.
const maxNumericText = 100

// appendNumeric writes the binary form of NUMERIC: number of base-10000 digits, weight
// of the first, sign, decimal places, digits. No digit is lost and none is made.
func appendNumeric(buf []byte, text string) ([]byte, error) {
	sign, digits := uint16(0), text
	if digits != "" && digits[0] == '-' {
		sign, digits = 0x4000, digits[1:]
	}
	whole, fraction, dotted := digits, "", false
	for i := range len(digits) {
		switch c := digits[i]; {
		case c == '.' && !dotted:
			whole, fraction, dotted = digits[:i], digits[i+1:], true
		case c < '0' || c > '9':
			return buf, fmt.Errorf("%q: %w", text, errNumeric)
		}
	}
	if len(text) > maxNumericText || text != "" && whole == "" || dotted && fraction == "" {
		return buf, fmt.Errorf("%q: %w", text[:min(len(text), maxNumericText)], errNumeric)
	}
	var groups [maxNumericText]uint16
	n := 0
	for at := 0; at < len(whole); n++ {
		size := (len(whole)-at-1)%4 + 1
		groups[n] = group(whole[at : at+size])
		at += size
	}
	weight := n - 1
	for at := 0; at < len(fraction); at += 4 {
		part := fraction[at:min(at+4, len(fraction))]
		g := group(part)
		for range 4 - len(part) {
			g *= 10
		}
		groups[n] = g
		n++
	}
	first := 0
	for first < n && groups[first] == 0 {
		first++
		weight--
	}
	for n > first && groups[n-1] == 0 {
		n--
	}
	if first == n {
		first, n, weight, sign = 0, 0, 0, 0
	}
	buf = binary.BigEndian.AppendUint16(buf, uint16(n-first))
	buf = binary.BigEndian.AppendUint16(buf, uint16(int16(weight)))
	buf = binary.BigEndian.AppendUint16(buf, sign)
	buf = binary.BigEndian.AppendUint16(buf, uint16(len(fraction)))
	for _, g := range groups[first:n] {
		buf = binary.BigEndian.AppendUint16(buf, g)
	}
	return buf, nil
}

func group(digits string) uint16 {
	g := uint16(0)
	for i := range len(digits) {
		g = g*10 + uint16(digits[i]-'0')
	}
	return g
}

// Single parameters in binary.

func int2Param(v int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(int16(v))) }

func int4Param(v int32) []byte { return binary.BigEndian.AppendUint32(nil, uint32(v)) }

func int8Param(v int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(v)) }

// Element types of arrays.
const (
	oidUUID    = pgtype.UUIDOID
	oidText    = pgtype.TextOID
	oidBytea   = pgtype.ByteaOID
	oidInt2    = pgtype.Int2OID
	oidInt4    = pgtype.Int4OID
	oidInt8    = pgtype.Int8OID
	oidNumeric = pgtype.NumericOID
	oidDate    = pgtype.DateOID
)

// maxShard bounds shard numbers: they are INT2.
const maxShard = math.MaxInt16
