package kafka

import (
	"testing"
	"time"
)

func TestArrivalsAreManyByTheirRate(t *testing.T) {
	t.Parallel()
	var a arrivals
	at := time.Now()
	come := func(n int, every time.Duration) (many int) {
		for range n {
			if at = at.Add(every); a.many(at) {
				many++
			}
		}
		return many
	}
	if n := come(1000, time.Millisecond); n != 0 {
		t.Errorf("at 1,000 a second %d of 1,000 were asked to wait", n)
	}
	if n := come(1000, 200*time.Microsecond); n < 950 {
		t.Errorf("at 5,000 a second only %d of 1,000 were asked to wait", n)
	}
	if come(1, 2*arrivalSpan) != 0 {
		t.Error("one that came after a pause was asked to wait")
	}
	at = at.Add(-time.Hour)
	if come(1, 0) != 0 {
		t.Error("a clock that was set back made a crowd")
	}
}

// The wait is a minute here: what is answered at once was sent without it.
func TestACommandThatComesAloneWaitsForNobody(t *testing.T) {
	t.Parallel()
	config := configure(t, 2)
	config.companyWait = time.Minute
	log := openWith(t, config)
	began := time.Now()
	for i := range 3 {
		<-appended(t, log, i%2)
	}
	if took := time.Since(began); took > config.companyWait/2 {
		t.Errorf("it took %v", took)
	}
}

// The command of a crowd comes behind one that is appended later, by somebody else.
func TestInACrowdACommandWaits(t *testing.T) {
	t.Parallel()
	config := configure(t, 1)
	config.companyWait = time.Minute
	log, other := openWith(t, config), openWith(t, config)
	for {
		begin := time.Now()
		log.arrivals.mu.Lock()
		log.arrivals.begin, log.arrivals.count = begin, arrivalMany
		log.arrivals.mu.Unlock()
		waiting := appended(t, log, 0)
		crowded := time.Since(begin) < arrivalSpan // else the machine paused and there was none
		later := <-appended(t, other, 0)
		log.sendNow()
		if first := <-waiting; crowded && first < later {
			t.Errorf("it was sent alone: it has offset %d, the later one %d", first, later)
		}
		if crowded {
			return
		}
	}
}

// appended appends a command and gives its offset when it is there.
func appended(t *testing.T, log *Log, shard int) <-chan int64 {
	t.Helper()
	at := make(chan int64, 1)
	log.Append(t.Context(), shard, []byte("a command"), nil, func(offset int64, err error) {
		if err != nil {
			t.Error(err)
		}
		at <- offset
	})
	return at
}
