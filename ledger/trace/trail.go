package trace

import "sync"

// Point is the last record of a sampled command, and its trace.
type Point struct {
	Seq   uint64
	Trace Context
}

// most is how many links a span keeps.
const most = 128

// Trail remembers under which traces the next records of a journal were committed, for
// somebody who comes behind and takes many of them at once. What is more than a span keeps
// it forgets. It is safe for concurrent use; the zero Trail is ready.
type Trail struct {
	mu     sync.Mutex
	points []Point
}

// Add appends points, in the journal's order.
func (t *Trail) Add(points []Point) {
	if len(points) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.points = append(t.points, points[:min(len(points), most-len(t.points))]...)
}

// Link links a span with the commands up to a record, and forgets them.
func (t *Trail) Link(s Span, until uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for ; n < len(t.points) && t.points[n].Seq <= until; n++ {
		s.Link(t.points[n].Trace)
	}
	t.points = append(t.points[:0], t.points[n:]...)
}
