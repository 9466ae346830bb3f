package stage

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Fault is one way to misbehave.
type Fault string

// The faults. The first five strike the first Rule.Posts sends of a payment (one
// when 0) and leave later sends alone; the others are the payment's fate.
const (
	None          Fault = ""
	Slow          Fault = "slow"           // acts, answers after Delay
	Silent        Fault = "silent"         // does not act, never answers
	SilentApplied Fault = "silent_applied" // acts, never answers
	Error         Fault = "error"          // does not act, answers 500
	ErrorApplied  Fault = "error_applied"  // acts, answers 500
	InProgress    Fault = "in_progress"    // accepted; acts after Polls polls or after Delay
	UnknownStatus Fault = "unknown_status" // accepted; the status is Status until it acts as InProgress does
	Refuse        Fault = "refuse"         // refuses with Code and Message, never acts
	Fail          Fault = "fail"           // accepts, then says that it failed, with Message; never acts
	RefuseSecond  Fault = "refuse_second"  // acts and never answers the first send, refuses the later ones with Code and Message
	TakenBack     Fault = "taken_back"     // acts; after Polls polls says that it failed after all
	Lost          Fault = "lost"           // accepts, forgets without acting
	LostApplied   Fault = "lost_applied"   // acts, forgets the message that asked
	Duplicate     Fault = "duplicate"      // acts; says the same twice
	Reordered     Fault = "reordered"      // acts; says so, and after it what was true before, Polls times (once when 0)
	Early         Fault = "early"          // acts; calls back, and answers when that was heard
)

// transient are the faults of a send, not of a payment.
var transient = []Fault{Slow, Silent, SilentApplied, Error, ErrorApplied, Lost, LostApplied}

// Rule says which payments misbehave and how. The zero matcher fits every payment.
type Rule struct {
	// Op is the operation, a word of the sandbox; "" is the one that moves money.
	Op string `json:"op,omitempty"`
	// Field is where Contains and Regexp look: id, inn, amount, account or purpose;
	// "" looks at each of them.
	Field    string `json:"field,omitempty"`
	Contains string `json:"contains,omitempty"`
	Regexp   string `json:"regexp,omitempty"`
	// Nth fits only the nth payment that fits otherwise, from 1; 0 fits all.
	Nth int `json:"nth,omitempty"`
	// PerMille fits so many of a thousand payments, by Script.Seed; 0 fits all.
	PerMille int `json:"per_mille,omitempty"`

	Fault   Fault  `json:"fault"`
	Posts   int    `json:"posts,omitempty"`    // how many sends a transient fault strikes; 0 is 1
	DelayMS int64  `json:"delay_ms,omitempty"` // Slow: before the answer; InProgress: until it acts; TakenBack: until it says so; silent ones: until the connection is dropped, 0 is never
	Polls   int    `json:"polls,omitempty"`
	Status  string `json:"status,omitempty"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// Delay is DelayMS as a duration.
func (r Rule) Delay() time.Duration { return time.Duration(r.DelayMS) * time.Millisecond }

// Script is the rules in order; the first that fits is taken.
type Script struct {
	Seed  uint64 `json:"seed,omitempty"`
	Rules []Rule `json:"rules"`
}

// Subject is a payment as rules see it.
type Subject struct {
	Op      string `json:"op,omitempty"`
	ID      string `json:"id"`
	INN     string `json:"inn,omitempty"`
	Amount  string `json:"amount"` // as the partner's protocol wrote it
	Account string `json:"account"`
	Purpose string `json:"purpose"`
	// Detail is what else the sandbox needs when it executes the payment later.
	Detail map[string]string `json:"detail,omitempty"`
}

var fields = map[string]func(Subject) string{
	"id": func(s Subject) string { return s.ID }, "inn": func(s Subject) string { return s.INN },
	"amount": func(s Subject) string { return s.Amount }, "account": func(s Subject) string { return s.Account },
	"purpose": func(s Subject) string { return s.Purpose },
}

// play is a script ready to be played: expressions compiled, fits counted.
type play struct {
	script   Script
	compiled []*regexp.Regexp
	fits     []int
	struck   []int // how often each rule was taken, by this process
}

// newPlay checks a script against the faults that the sandbox can play.
func newPlay(script Script, supported []Fault) (*play, error) {
	p := &play{script: script, fits: make([]int, len(script.Rules)), struck: make([]int, len(script.Rules))}
	for i, r := range script.Rules {
		if !slices.Contains(supported, r.Fault) && r.Fault != None {
			return nil, fmt.Errorf("rule %d: this sandbox does not play the fault %q, only %q", i+1, r.Fault, supported)
		}
		if _, known := fields[r.Field]; !known && r.Field != "" {
			return nil, fmt.Errorf("rule %d: unknown field %q", i+1, r.Field)
		}
		if r.Nth < 0 || r.PerMille < 0 || r.PerMille > 1000 || r.Posts < 0 || r.Polls < 0 || r.DelayMS < 0 {
			return nil, fmt.Errorf("rule %d: a number is out of its range", i+1)
		}
		var re *regexp.Regexp
		if r.Regexp != "" {
			var err error
			if re, err = regexp.Compile(r.Regexp); err != nil {
				return nil, fmt.Errorf("rule %d: %w", i+1, err)
			}
		}
		p.compiled = append(p.compiled, re)
	}
	return p, nil
}

// choose says which rule a new payment falls under, nil for none, and which rules
// fitted it but for their Nth: they are to be counted.
func (p *play) choose(s Subject) (rule *Rule, fitted []int) {
	for i := range p.script.Rules {
		r := &p.script.Rules[i]
		if r.Op != s.Op || !p.fitsText(i, s) || !p.drawn(i, s) {
			continue
		}
		fitted = append(fitted, i)
		if rule == nil && (r.Nth == 0 || r.Nth == p.fits[i]+1) {
			rule = r
			p.struck[i]++
		}
	}
	return rule, fitted
}

func (p *play) count(fitted []int) {
	for _, i := range fitted {
		if i < len(p.fits) {
			p.fits[i]++
		}
	}
}

func (p *play) fitsText(i int, s Subject) bool {
	r := p.script.Rules[i]
	for name, of := range fields {
		text := of(s)
		if r.Field != "" && name != r.Field || !strings.Contains(text, r.Contains) {
			continue
		}
		if p.compiled[i] == nil || p.compiled[i].MatchString(text) {
			return true
		}
	}
	return false
}

// drawn draws by seed, rule and id, whatever the order of payments is.
func (p *play) drawn(i int, s Subject) bool {
	share := p.script.Rules[i].PerMille
	if share == 0 {
		return true
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%d/%s", p.script.Seed, i, s.ID))
	return int(binary.BigEndian.Uint32(sum[:4])%1000) < share
}
