package journal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// The headers of a published record: the CloudEvents 1.0 attributes in Kafka's
// binary mode, and the links of the chain in hex. The value is the record's
// canonical bytes, so hashing needs nothing but the value and the header before.
const (
	HeaderSpec     = "ce_specversion"
	HeaderID       = "ce_id"     // shard.seq
	HeaderSource   = "ce_source" // /provodka/shards/N
	HeaderType     = "ce_type"   // what happened, see Type
	HeaderTime     = "ce_time"   // the record's clock, RFC 3339
	HeaderBook     = "ce_book"
	HeaderSequence = "ce_sequence" // the record's number, decimal
	HeaderPrevious = "ce_prevhash" // hash of the record before, hex
	HeaderHash     = "ce_hash"     // hash of this record, hex
	HeaderContent  = "content-type"
)

// ContentType is the content type of every event.
const ContentType = "application/protobuf; proto=provodka.journal.v1.Record"

// Type names what a record says happened: an event of a flow ("task.paid"), or a
// word of the books.
func Type(r *journalv1.Record) string {
	switch {
	case r.GetExternal() != nil:
		return "command." + externalWord[r.GetExternal().GetKind()]
	case r.GetRefusal() != nil:
		return "operation.refused"
	case r.GetMove().GetSays() != "":
		return r.GetMove().GetSays()
	case r.GetMove() != nil:
		return r.GetMove().GetFlow() + ".moved"
	case r.GetEntry() != nil:
		return "entry.posted"
	case len(r.GetHolds()) > 0 && r.GetHolds()[0].GetState() == journalv1.HoldState_HOLD_STATE_PLACED && r.GetHolds()[0].GetPlacedSeq() != r.GetSeq():
		return "hold.changed"
	case len(r.GetHolds()) > 0:
		return "hold." + holdWord[r.GetHolds()[0].GetState()]
	case len(r.GetAccounts()) > 0:
		return "account.opened"
	case len(r.GetGathers()) > 0:
		return "stripe.gathered"
	default:
		return "effect.answered"
	}
}

var externalWord = map[journalv1.ExternalKind]string{
	journalv1.ExternalKind_EXTERNAL_KIND_EXPIRED:   "expired",
	journalv1.ExternalKind_EXTERNAL_KIND_KEY_TAKEN: "key_taken",
	journalv1.ExternalKind_EXTERNAL_KIND_INTERNAL:  "put_aside",
	journalv1.ExternalKind_EXTERNAL_KIND_REJECTED:  "rejected",
}

var holdWord = map[journalv1.HoldState]string{
	journalv1.HoldState_HOLD_STATE_PLACED:  "placed",
	journalv1.HoldState_HOLD_STATE_SETTLED: "settled",
	journalv1.HoldState_HOLD_STATE_VOIDED:  "voided",
	journalv1.HoldState_HOLD_STATE_EXPIRED: "expired",
}

// envelopeHeaders is how many headers a record has.
const envelopeHeaders = 10

// Envelope gives the headers of a record that follows prev, in a fixed order.
func Envelope(s Sealed, prev Hash) [][2]string {
	out := make([][2]string, 0, envelopeHeaders)
	AppendEnvelope(nil, s, prev, func(name string, value []byte) { out = append(out, [2]string{name, string(value)}) })
	return out
}

// AppendEnvelope writes the values of the headers behind text, hands each of them out
// with its name, and answers the text with them: ten allocations a record are spared
// when many records share one text.
func AppendEnvelope(text []byte, s Sealed, prev Hash, each func(name string, value []byte)) []byte {
	r := s.Record
	from := len(text)
	part := func(name string) {
		each(name, text[from:len(text):len(text)])
		from = len(text)
	}
	each(HeaderSpec, specVersion)
	text = strconv.AppendUint(text, uint64(r.GetShard()), 10)
	text = append(text, '.')
	dot := len(text)
	text = strconv.AppendUint(text, r.GetSeq(), 10)
	seq := text[dot:len(text):len(text)]
	part(HeaderID)
	text = strconv.AppendUint(append(text, "/provodka/shards/"...), uint64(r.GetShard()), 10)
	part(HeaderSource)
	text = append(text, Type(r)...)
	part(HeaderType)
	text = time.UnixMicro(r.GetClockUs()).UTC().AppendFormat(text, time.RFC3339Nano)
	part(HeaderTime)
	text = append(text, r.GetBook()...)
	part(HeaderBook)
	each(HeaderSequence, seq)
	text = hex.AppendEncode(text, prev[:])
	part(HeaderPrevious)
	text = hex.AppendEncode(text, s.Hash[:])
	part(HeaderHash)
	each(HeaderContent, contentType)
	return text
}

// Values that all records share; nobody writes into them.
var specVersion, contentType = []byte("1.0"), []byte(ContentType)

// Event is a published record as it was read back.
type Event struct {
	Sealed
	Previous Hash
}

// ErrEnvelope says that a published record's headers disagree with its value.
var ErrEnvelope = errors.New("headers and value disagree")

// ReadEvent decodes a published record and checks its headers against its value:
// every attribute, and that the hash follows from the one before.
func ReadEvent(value []byte, headers map[string]string) (Event, error) {
	r := new(journalv1.Record)
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(value, r); err != nil {
		return Event{}, fmt.Errorf("%w: the value is no record: %w", ErrEnvelope, err)
	}
	prev, err := headerHash(headers, HeaderPrevious)
	if err != nil {
		return Event{}, err
	}
	s := Sealed{Record: r, Raw: value, Hash: Next(prev, value)}
	for _, want := range Envelope(s, prev) {
		if got := headers[want[0]]; got != want[1] {
			return Event{}, fmt.Errorf("%w: header %s of %d.%d: expected %q, found %q",
				ErrEnvelope, want[0], r.GetShard(), r.GetSeq(), want[1], got)
		}
	}
	return Event{Sealed: s, Previous: prev}, nil
}

// ErrUnknown says that a record was written by a program that knows more than this one.
var ErrUnknown = errors.New("the record has fields that this program does not know")

// FollowEvent checks that a published record is the shard's next one, that it follows
// the hash before it, and that nothing of it is lost on this program; it advances the head.
func (h *Head) FollowEvent(shard uint32, e Event) error {
	switch r := e.Record; {
	case r.GetShard() != shard || r.GetSeq() != h.Seq+1:
		return fmt.Errorf("%w: expected record %d.%d, found %d.%d", ErrChain, shard, h.Seq+1, r.GetShard(), r.GetSeq())
	case e.Previous != h.Hash:
		return fmt.Errorf("%w: record %d.%d follows %s, the one before it is %s", ErrChain, shard, r.GetSeq(), e.Previous, h.Hash)
	case proto.Size(r) != len(e.Raw):
		return fmt.Errorf("%w: %d.%d", ErrUnknown, shard, r.GetSeq())
	}
	h.Seq, h.Hash = e.Record.GetSeq(), e.Hash
	return nil
}

func headerHash(headers map[string]string, name string) (Hash, error) {
	raw, err := hex.DecodeString(headers[name])
	if err != nil || len(raw) != len(Hash{}) {
		return Hash{}, fmt.Errorf("%w: header %s is %q, no hash in hex", ErrEnvelope, name, headers[name])
	}
	return Hash(raw), nil
}
