package proof

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Verified is what a proof has shown.
type Verified struct {
	Kind        string
	Checkpoints []Checkpoint        // one a shard; of a consistency: the older, then the newer
	Records     []*journalv1.Record // in the order of the file
	History     *History            // of an account's proof
}

// Verify checks a proof against keys. It needs nothing else. An error is a *Mismatch.
func (p *Proof) Verify(keys Keys) (*Verified, error) {
	v := &Verified{Kind: p.Kind}
	switch {
	case p.Kind == KindEntry && p.Account == nil && p.Consistency == nil:
		if len(p.Shards) != 1 || len(p.Shards[0].Records) != 1 {
			return nil, differ("the proof of an entry", "one record", "another number of them")
		}
		return v, v.shards(p, keys)
	case p.Kind == KindAccount && p.Account != nil && p.Consistency == nil && len(p.Shards) > 0:
		if err := v.shards(p, keys); err != nil {
			return nil, err
		}
		return v, v.history(*p.Account)
	case p.Kind == KindConsistency && p.Account == nil && p.Consistency != nil && len(p.Shards) == 0:
		return v, v.consistency(*p.Consistency, keys)
	}
	return nil, differ("the kind of proof", "entry, account or consistency, with what belongs to it", fmt.Sprintf("%.40q", p.Kind))
}

// shards checks every checkpoint and every record's path.
func (v *Verified) shards(p *Proof, keys Keys) error {
	for i, s := range p.Shards {
		c, err := keys.Open([]byte(s.Checkpoint))
		if err != nil {
			return err
		}
		if i > 0 && (c.Shard <= v.Checkpoints[i-1].Shard || c.Installation != v.Checkpoints[0].Installation) {
			return differ("the checkpoints", "one installation, its shards in order, each once", v.Checkpoints[i-1].origin()+", then "+c.origin())
		}
		v.Checkpoints = append(v.Checkpoints, c)
		last := uint64(0)
		for _, record := range s.Records {
			if record.Seq <= last {
				return differ(fmt.Sprintf("the records of shard %d", c.Shard), "numbers that rise", fmt.Sprintf("%d after %d", record.Seq, last))
			}
			last = record.Seq
			r, err := c.record(record)
			if err != nil {
				return err
			}
			v.Records = append(v.Records, r)
		}
	}
	return nil
}

// record checks one record against the checkpoint.
func (c Checkpoint) record(in Record) (*journalv1.Record, error) {
	if err := checkInclusion(c, in.Seq, in.Bytes, in.Path); err != nil {
		return nil, err
	}
	what := fmt.Sprintf("record %d.%d", c.Shard, in.Seq)
	r := new(journalv1.Record)
	if err := proto.Unmarshal(in.Bytes, r); err != nil {
		return nil, differ(what, "a provodka.journal.v1.Record", "bytes that are none")
	}
	switch {
	case r.GetShard() != c.Shard || r.GetSeq() != in.Seq:
		return nil, differ(what, "its own shard and number inside", fmt.Sprintf("%d.%d", r.GetShard(), r.GetSeq()))
	case r.GetClockUs() > c.ClockUS:
		return nil, differ("the clock of "+what, "not after the checkpoint's", "a later one")
	}
	return r, nil
}

func (v *Verified) consistency(in Consistency, keys Keys) error {
	for _, text := range []string{in.From, in.To} {
		c, err := keys.Open([]byte(text))
		if err != nil {
			return err
		}
		v.Checkpoints = append(v.Checkpoints, c)
	}
	return CheckConsistency(v.Checkpoints[0], v.Checkpoints[1], in.Path)
}
