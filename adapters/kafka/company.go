package kafka

import (
	"context"
	"sync"
	"time"
)

// When commands wait for each other: a durable write of the broker, a commit and their exchanges
// cost about the same for one command as for thirty. Clients who post singly, 16 of them or 64, are answered
// sooner for it, and more of them; a command that comes alone waits for nobody (bench/README.md).
const (
	companyWait = 2 * time.Millisecond  // the longest wait
	arrivalSpan = 10 * time.Millisecond // over which arrivals are counted
	arrivalMany = 25                    // arrivals in a span: five in a wait
)

// arrivals counts commands by spans of time.
type arrivals struct {
	mu           sync.Mutex
	begin        time.Time // of the span that is counted
	count, other int       // arrivals in it, and in the one right before it
}

// many counts an arrival and says whether there are so many that the next is worth a wait.
func (a *arrivals) many(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if past := now.Sub(a.begin); past >= arrivalSpan || past < 0 {
		if a.other = a.count; past >= 2*arrivalSpan {
			a.other = 0
		}
		a.begin, a.count = now, 0
	}
	a.count++
	return max(a.count, a.other) >= arrivalMany
}

// sendNow has everything sent that waits, and what comes until it is written.
func (l *Log) sendNow() {
	select {
	case l.now <- struct{}{}:
	default: // it is still to begin for somebody else, and sends this too
	}
}

// send serves sendNow until the log is closed.
func (l *Log) send() {
	for {
		select {
		case <-l.closed:
			return
		case <-l.now:
			_ = l.producer.Flush(context.Background()) // what became of a command its done is told; Close ends it
		}
	}
}
