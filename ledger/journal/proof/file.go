package proof

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Format is the first field of every proof file.
const Format = "provodka.proof/v1"

// Kinds of proofs.
const (
	KindEntry       = "entry"       // one record is in the journal
	KindAccount     = "account"     // an account's whole history between two versions
	KindConsistency = "consistency" // nothing was changed or dropped between two checkpoints
)

// Proof is a proof file: JSON, in the one form that Encode gives it.
//
//	{
//	  "format": "provodka.proof/v1",
//	  "kind": "entry",
//	  "shards": [
//	    {
//	      "checkpoint": "example.org/ledger/shards/2\n1042\n…",   a signed note, whole
//	      "records": [
//	        {
//	          "seq": 17,
//	          "bytes": "CAIQERj…",     the record's canonical bytes: provodka.journal.v1.Record
//	          "path": ["1v9…=", …]     hashes from its leaf to the root, RFC 6962
//	        }
//	      ]
//	    }
//	  ]
//	}
//
// An account's proof has an "account" with book, name and asset, and a shard for each of
// its stripes. A proof of consistency has "from", "to" (signed notes) and "path" instead
// of shards.
type Proof struct {
	Format      string       `json:"format"`
	Kind        string       `json:"kind"`
	Account     *Account     `json:"account,omitempty"`
	Shards      []Shard      `json:"shards,omitempty"`
	Consistency *Consistency `json:"consistency,omitempty"`
}

// Account is whose history is proven.
type Account struct {
	Book  string `json:"book"`
	Name  string `json:"name"`
	Asset string `json:"asset"`
}

// Shard is a checkpoint and records under it, in the order of their numbers.
type Shard struct {
	Checkpoint string   `json:"checkpoint"`
	Records    []Record `json:"records"`
}

// Record is a record and the way from it to the root.
type Record struct {
	Seq   uint64 `json:"seq"`
	Bytes []byte `json:"bytes"`
	Path  []Hash `json:"path"`
}

// Consistency is the way from an older root to a newer one.
type Consistency struct {
	From string `json:"from"`
	To   string `json:"to"`
	Path []Hash `json:"path"`
}

// Encode writes the proof.
func (p *Proof) Encode() ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(p)
	return out.Bytes(), err
}

// Decode reads a proof file. It refuses every other text than Encode's, so that no byte
// of a file is without meaning.
func Decode(file []byte) (*Proof, error) {
	p := new(Proof)
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, differ("the file", "a whole proof", fmt.Sprintf("its end after %d bytes: it is cut", len(file)))
		}
		return nil, differ("the file", "a proof as JSON", err.Error())
	}
	if p.Format != Format {
		return nil, differ("the format", Format, fmt.Sprintf("%.40q", p.Format))
	}
	again, err := p.Encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, file) {
		at := 0
		for at < min(len(again), len(file)) && again[at] == file[at] {
			at++
		}
		return nil, differ(fmt.Sprintf("the file at byte %d", at), "the form that Provodka writes", "another one: it was edited or cut")
	}
	return p, nil
}
