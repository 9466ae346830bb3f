package kafka

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/provodka/provodka/engine/port"
)

// cut removes the records before an offset.
func cut(t *testing.T, log *Log, name string, before int64) {
	t.Helper()
	if _, err := log.admin.DeleteRecords(soon(t), kadm.Offsets{name: {0: kadm.Offset{Topic: name, At: before}}}); err != nil {
		t.Fatal(err)
	}
}

func TestOutcomesReachTheirProcess(t *testing.T) {
	t.Parallel()
	log := open(t, 1)
	ctx, cancel := context.WithCancel(soon(t))
	defer cancel()
	got := map[string]chan string{"a": make(chan string, 1000), "b": make(chan string, 1000)}
	var wg sync.WaitGroup
	for process, to := range got {
		wg.Go(func() {
			if err := log.Listen(ctx, process, func(value []byte) { to <- string(value) }); err != nil {
				t.Error(err)
			}
		})
	}
	// "From now on" begins somewhere in Listen: tell until both have heard.
	for process, to := range got {
		for heard := false; !heard; {
			log.Tell(process, []byte("for "+process))
			select {
			case value := <-to:
				heard = true
				if value != "for "+process {
					t.Errorf("%s heard %q", process, value)
				}
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
				t.Fatal("nothing is heard")
			}
		}
	}
	cancel()
	wg.Wait()
	for process, to := range got {
		close(to)
		for value := range to {
			if value != "for "+process {
				t.Errorf("%s heard %q", process, value)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	config := configure(t, 2)
	if findings := Check(t.Context(), config); bad(findings) != 4 {
		t.Errorf("before the topics exist: %+v", findings)
	}
	log := openWith(t, config)
	if findings := log.Check(t.Context()); bad(findings) != 0 || len(findings) != 5 {
		t.Errorf("findings on a fresh installation: %+v", findings)
	}
	short := "1000"
	_, err := log.admin.AlterTopicConfigs(soon(t), []kadm.AlterConfig{{Name: "retention.ms", Value: &short}}, log.topics.events.name)
	if err != nil {
		t.Fatal(err)
	}
	findings := log.Check(t.Context())
	if bad(findings) != 1 {
		t.Errorf("after retention of events was shortened: %+v", findings)
	}
	config.Shards = 5
	if findings := Check(t.Context(), config); bad(findings) != 1 {
		t.Errorf("with another number of shards: %+v", findings)
	}
	if findings := Check(t.Context(), Config{}); bad(findings) != 1 {
		t.Errorf("without a configuration: %+v", findings)
	}
}

func bad(findings []Finding) int {
	n := 0
	for _, f := range findings {
		if !f.OK {
			n++
			if f.Advice == "" || f.Found == "" {
				n += 100 // a finding must say what is there and what to do
			}
		}
	}
	return n
}

// hung answers an embedded broker whose produce requests wait until free is closed.
func hung(t *testing.T, free chan struct{}) (*kfake.Cluster, Config) {
	t.Helper()
	var armed atomic.Bool
	armed.Store(true)
	return hungWhen(t, free, &armed)
}

// hungWhen does so only while it is armed.
func hungWhen(t *testing.T, free chan struct{}, armed *atomic.Bool) (*kfake.Cluster, Config) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DataDir(filepath.Join(t.TempDir(), "broker")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if armed.Load() {
			cluster.SleepControl(func() { <-free })
		}
		return nil, nil, false
	})
	return cluster, Config{
		Brokers: cluster.ListenAddrs(),
		Shards:  1,
		Logger:  slog.New(slog.DiscardHandler),
	}
}

func TestFullQueueRefuses(t *testing.T) {
	t.Parallel()
	free := make(chan struct{})
	_, config := hung(t, free)
	config.MaxBufferedRecords = 10
	log := openWith(t, config)
	answers := make(chan error, 100)
	for range 100 {
		log.Append(t.Context(), 0, []byte("x"), nil, func(_ int64, err error) { answers <- err })
	}
	refused := 0
	for range 90 {
		if err := <-answers; !errors.Is(err, port.ErrLogFull) {
			t.Fatalf("with a full queue: %v", err)
		}
		refused++
	}
	close(free)
	for range 10 {
		if err := <-answers; err != nil {
			t.Errorf("a queued command: %v", err)
		}
	}
}

func TestSilentBrokerHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	free := make(chan struct{})
	defer close(free)
	var armed atomic.Bool
	_, config := hungWhen(t, free, &armed)
	log := openWith(t, config)
	w, _ := own(t, log, 0)
	armed.Store(true)
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	got := make(chan error, 2)
	log.Append(short, 0, []byte("x"), nil, func(_ int64, err error) { got <- err })
	if err := <-got; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Append: %v", err)
	}
	taking, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, _, err := log.Own(taking, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Own: %v", err)
	}
	brief, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := w.Publish(brief, events("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Publish: %v", err)
	}
}

func TestBrokerGone(t *testing.T) {
	t.Parallel()
	free := make(chan struct{})
	close(free)
	cluster, config := hung(t, free)
	config.DeliveryTimeout = time.Second // the least that the client takes
	log := openWith(t, config)
	mustAppend(t, log, 0, "before")
	cluster.Close()
	if a := appendAll(t, log, 0, "x")[0]; a.err == nil {
		t.Error("appended to a broker that is gone")
	}
	if findings := Check(t.Context(), config); bad(findings) != 1 {
		t.Errorf("findings: %+v", findings)
	}
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := Open(short, config); err == nil {
		t.Error("opened without a broker")
	}
}

func TestMetricsAreRegistered(t *testing.T) {
	t.Parallel()
	config := configure(t, 1)
	registry := prometheus.NewRegistry()
	config.Metrics = registry
	log := openWith(t, config)
	mustAppend(t, log, 0, "x")
	families, err := registry.Gather()
	if err != nil || len(families) == 0 {
		t.Errorf("%d metrics, %v", len(families), err)
	}
}
