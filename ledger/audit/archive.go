package audit

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/provodka/provodka/ledger/journal"
)

// An archive holds the events of an installation in one file that needs no broker:
//
//	magic (16 bytes), version (4)
//	'E' length (4) { shard (4) key value headers }      one per event, shard by shard
//	'F' length (4) { shards (4) { shard (4) events (8) number (8) hash (32) } }
//	SHA-256 (32) of every byte before it
//
// Numbers are big endian, texts are led by their length (4 bytes). The digest at the end
// finds damage; forgery is found by auditing what the archive holds.
const (
	archiveMagic   = "provodka-events\n"
	archiveVersion = 1
	frameEvent     = 'E'
	frameFooter    = 'F'
)

// maxFrame bounds what a damaged length can make a reader allocate.
const maxFrame = 64 << 20

// ArchiveWriter writes an archive. Nothing is an archive before Close.
type ArchiveWriter struct {
	out    *bufio.Writer
	digest hash.Hash
	frame  []byte
	shards []ArchiveShard
	err    error
}

// ArchiveShard is what an archive's footer says about a shard.
type ArchiveShard struct {
	Shard  int
	Events uint64
	Head   journal.Head
}

// NewArchiveWriter begins an archive.
func NewArchiveWriter(w io.Writer) *ArchiveWriter {
	a := &ArchiveWriter{out: bufio.NewWriterSize(w, 64<<10), digest: sha256.New()}
	a.write(binary.BigEndian.AppendUint32([]byte(archiveMagic), archiveVersion))
	return a
}

func (a *ArchiveWriter) write(b []byte) {
	a.digest.Write(b)
	if a.err == nil {
		_, a.err = a.out.Write(b)
	}
}

// Add appends an event. Shards come in ascending order, each whole.
func (a *ArchiveWriter) Add(shard int, e Event) error {
	n := len(a.shards)
	if n == 0 || a.shards[n-1].Shard != shard {
		if n > 0 && a.shards[n-1].Shard > shard {
			return fmt.Errorf("audit: an event of shard %d after shard %d", shard, a.shards[n-1].Shard)
		}
		a.shards = append(a.shards, ArchiveShard{Shard: shard})
		n++
	}
	s := &a.shards[n-1]
	s.Events++
	s.Head = journal.Head{Seq: s.Head.Seq + 1, Hash: journal.Next(s.Head.Hash, e.Value)}
	b := append(a.frame[:0], frameEvent, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(shard))
	b = appendText(appendText(b, e.Key), e.Value)
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.Headers)))
	for _, h := range e.Headers {
		b = appendText(appendText(b, []byte(h.Key)), h.Value)
	}
	a.frame = b
	return a.writeFrame(b)
}

func (a *ArchiveWriter) writeFrame(b []byte) error {
	if len(b)-5 > maxFrame {
		return fmt.Errorf("audit: an event of %d bytes, an archive takes %d", len(b)-5, maxFrame)
	}
	binary.BigEndian.PutUint32(b[1:], uint32(len(b)-5))
	a.write(b)
	return a.err
}

func appendText(b, text []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(text))), text...)
}

// Close writes the footer and tells what it says. It does not close the file.
func (a *ArchiveWriter) Close() ([]ArchiveShard, error) {
	b := []byte{frameFooter, 0, 0, 0, 0}
	b = binary.BigEndian.AppendUint32(b, uint32(len(a.shards)))
	for _, s := range a.shards {
		b = binary.BigEndian.AppendUint32(b, uint32(s.Shard))
		b = binary.BigEndian.AppendUint64(b, s.Events)
		b = binary.BigEndian.AppendUint64(b, s.Head.Seq)
		b = append(b, s.Head.Hash[:]...)
	}
	if err := a.writeFrame(b); err != nil {
		return nil, err
	}
	if _, err := a.out.Write(a.digest.Sum(nil)); err != nil {
		return nil, err
	}
	return a.shards, a.out.Flush()
}

// ReadArchive hands over every event of an archive, in order; an event is valid during
// the call only. It answers what the footer says. Damage is a *Difference, also when it
// is found behind the last event: what each has done by then is worth nothing.
func ReadArchive(r io.Reader, each func(shard int, e Event) error) ([]ArchiveShard, error) {
	a := &archiveReader{in: bufio.NewReaderSize(r, 64<<10), digest: sha256.New(), names: map[string]string{}}
	if err := a.begin(); err != nil {
		return nil, err
	}
	for {
		kind, payload, err := a.next()
		switch {
		case err != nil:
			return nil, err
		case kind == frameFooter:
			return a.end(payload)
		case kind != frameEvent:
			return nil, a.damaged("the kind of what begins", "an event or the footer", fmt.Sprintf("%q", kind))
		}
		shard, e, err := a.event(payload)
		if err != nil {
			return nil, err
		}
		if err := each(shard, e); err != nil {
			return nil, err
		}
	}
}

type archiveReader struct {
	in     *bufio.Reader
	digest hash.Hash
	at     int64 // bytes read
	frame  []byte
	names  map[string]string // of headers, kept once
	shards []ArchiveShard
}

func (a *archiveReader) damaged(what, expected, found string) error {
	return &Difference{Where: fmt.Sprintf("archive, byte %d", a.at), What: what, Expected: expected, Found: found}
}

// read fills b; an archive that ends inside it is cut.
func (a *archiveReader) read(b []byte, what string) error {
	n, err := io.ReadFull(a.in, b)
	a.at += int64(n)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return a.damaged(what, fmt.Sprintf("%d more bytes", len(b)-n), "the end of the file: the archive is cut")
	}
	if err != nil {
		return fmt.Errorf("read the archive: %w", err)
	}
	a.digest.Write(b)
	return nil
}

func (a *archiveReader) begin() error {
	var b [len(archiveMagic) + 4]byte
	if err := a.read(b[:], "the beginning"); err != nil {
		return err
	}
	if magic := string(b[:len(archiveMagic)]); magic != archiveMagic {
		return a.damaged("the beginning", fmt.Sprintf("%q", archiveMagic), fmt.Sprintf("%q: this is no archive of events", magic))
	}
	if v := binary.BigEndian.Uint32(b[len(archiveMagic):]); v != archiveVersion {
		return a.damaged("the version", fmt.Sprint(archiveVersion), fmt.Sprint(v))
	}
	return nil
}

func (a *archiveReader) next() (kind byte, payload []byte, err error) {
	var head [5]byte
	if err := a.read(head[:], "the next event or the footer"); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, a.damaged("a length", fmt.Sprintf("at most %d", maxFrame), fmt.Sprint(n))
	}
	a.frame = a.frame[:0]
	for left := int(n); left > 0; { // step by step: a damaged length must not cost its memory
		step := min(left, 64<<10)
		a.frame = slices.Grow(a.frame, step)
		at := len(a.frame)
		a.frame = a.frame[:at+step]
		if err := a.read(a.frame[at:], "an event or the footer"); err != nil {
			return 0, nil, err
		}
		left -= step
	}
	return head[0], a.frame, nil
}

// event takes an event's payload apart; nothing may be left of it.
func (a *archiveReader) event(b []byte) (int, Event, error) {
	f := fields{b: b}
	shard, key, value := int(f.number()), f.text(), f.text()
	e := Event{Key: key, Value: value}
	n := f.number()
	if uint64(n)*8 <= uint64(len(f.b)) { // a header is 8 bytes at least
		e.Headers = make([]Header, 0, n)
		for range n {
			name := f.text()
			kept, ok := a.names[string(name)]
			if !ok {
				kept = string(name)
				if len(a.names) < 100 {
					a.names[kept] = kept
				}
			}
			e.Headers = append(e.Headers, Header{kept, f.text()})
		}
	} else {
		f.bad = true
	}
	if f.bad || len(f.b) > 0 {
		return 0, e, a.damaged("an event", "its key, value and headers to fill its length", "other lengths inside")
	}
	last := len(a.shards) - 1
	if last < 0 || a.shards[last].Shard != shard {
		if last >= 0 && a.shards[last].Shard > shard {
			return 0, e, a.damaged("the shard of an event", fmt.Sprintf("%d or more", a.shards[last].Shard), fmt.Sprint(shard))
		}
		a.shards = append(a.shards, ArchiveShard{Shard: shard})
		last++
	}
	s := &a.shards[last]
	s.Events++
	s.Head = journal.Head{Seq: s.Head.Seq + 1, Hash: journal.Next(s.Head.Hash, value)}
	return shard, e, nil
}

// end compares the footer with what was read, then the digest, then the file's end.
func (a *archiveReader) end(b []byte) ([]ArchiveShard, error) {
	want := a.digest.Sum(nil)
	f := fields{b: b}
	n := f.number()
	if int(n) != len(a.shards) {
		return nil, a.damaged("the shards in the footer", fmt.Sprint(len(a.shards)), fmt.Sprint(n))
	}
	for _, s := range a.shards {
		found := ArchiveShard{Shard: int(f.number()), Events: f.long(), Head: journal.Head{Seq: f.long()}}
		copy(found.Head.Hash[:], f.take(len(found.Head.Hash)))
		if found != s {
			return nil, a.damaged(fmt.Sprintf("the footer of shard %d", s.Shard), s.text(), found.text())
		}
	}
	if f.bad || len(f.b) > 0 {
		return nil, a.damaged("the footer", "the shards to fill its length", "other lengths inside")
	}
	var digest [sha256.Size]byte
	if err := a.read(digest[:], "the digest at the end"); err != nil {
		return nil, err
	}
	if string(digest[:]) != string(want) {
		return nil, a.damaged("the digest of the file", fmt.Sprintf("%x", want), fmt.Sprintf("%x", digest))
	}
	if _, err := a.in.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, a.damaged("the end", "the end of the file", "more bytes")
	}
	return a.shards, nil
}

func (s ArchiveShard) text() string {
	return fmt.Sprintf("shard %d, %d events, head %d %s", s.Shard, s.Events, s.Head.Seq, s.Head.Hash)
}

// fields takes numbers and texts off the front of a payload.
type fields struct {
	b   []byte
	bad bool
}

func (f *fields) take(n int) []byte {
	if f.bad || n < 0 || n > len(f.b) {
		f.bad = true
		return nil
	}
	out := f.b[:n:n]
	f.b = f.b[n:]
	return out
}

func (f *fields) number() uint32 {
	if b := f.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (f *fields) long() uint64 {
	if b := f.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (f *fields) text() []byte { return f.take(int(f.number())) }
