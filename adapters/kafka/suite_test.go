package kafka

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/engine/port"
)

// brokers answers Apache Kafka when PROVODKA_TEST_KAFKA names it, else an embedded
// broker of this test's own. The suite is the same for both.
func brokers(t testing.TB) []string {
	t.Helper()
	if list := os.Getenv("PROVODKA_TEST_KAFKA"); list != "" {
		return strings.Split(list, ",")
	}
	return []string{embedtest.Broker(t)}
}

func isApache() bool { return os.Getenv("PROVODKA_TEST_KAFKA") != "" }

// configure answers a configuration whose topics no other test has.
func configure(t testing.TB, shards int) Config {
	t.Helper()
	return Config{
		Brokers: brokers(t),
		Prefix:  "test-" + strings.ToLower(rand.Text()[:10]),
		Shards:  shards,
		Logger:  slog.New(slog.DiscardHandler),
	}
}

// open answers a log with topics of its own, which are removed when the test ends.
func open(t testing.TB, shards int) *Log {
	t.Helper()
	return openWith(t, configure(t, shards))
}

func openWith(t testing.TB, config Config) *Log {
	t.Helper()
	log, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if isApache() {
			for _, topic := range log.topics.all() {
				// Some tests have removed it themselves.
				_, _ = log.admin.DeleteTopics(ctx, topic.name)
			}
		}
		log.Close()
	})
	return log
}

// soon bounds every wait of a test.
func soon(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// answer is what Append said about one record.
type answer struct {
	offset int64
	err    error
}

// appendAll appends the values in order and waits for all answers.
func appendAll(t testing.TB, log *Log, shard int, values ...string) []answer {
	t.Helper()
	answers := make([]answer, len(values))
	done := make(chan struct{}, len(values))
	for i, value := range values {
		headers := []port.Header{{Key: "n", Value: []byte(value[:min(len(value), 20)])}}
		log.Append(t.Context(), shard, []byte(value), headers, func(offset int64, err error) {
			answers[i] = answer{offset, err}
			done <- struct{}{}
		})
	}
	ctx := soon(t)
	for range values {
		select {
		case <-done:
		case <-ctx.Done():
			t.Fatal("Append does not answer")
		}
	}
	return answers
}

func mustAppend(t testing.TB, log *Log, shard int, values ...string) {
	t.Helper()
	for i, a := range appendAll(t, log, shard, values...) {
		if a.err != nil {
			t.Fatalf("append %q: %v", values[i], a.err)
		}
	}
}

// read polls until it has n records.
func read(t testing.TB, reader port.CommandReader, n int) []port.LogRecord {
	t.Helper()
	var all []port.LogRecord
	for len(all) < n {
		records, err := reader.Poll(soon(t), n-len(all))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, records...)
	}
	return all
}

// own takes a shard's events over; the writer is closed when the test ends.
func own(t testing.TB, log *Log, shard int) (*writer, *port.LogRecord) {
	t.Helper()
	w, last, err := log.Own(soon(t), shard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w.(*writer), last
}

func events(values ...string) []port.LogRecord {
	records := make([]port.LogRecord, len(values))
	for i, v := range values {
		id := []byte(v[:min(len(v), 20)])
		records[i] = port.LogRecord{Key: id, Value: []byte(v), Headers: []port.Header{{Key: "ce_id", Value: id}}}
	}
	return records
}

// numbered answers the values from..to-1.
func numbered(from, to int) []string {
	values := make([]string, 0, to-from)
	for i := from; i < to; i++ {
		values = append(values, fmt.Sprint(i))
	}
	return values
}

// published answers everything that readers of committed records see in the end. It
// takes the shard over first: Kafka answers the end of a transaction before its
// readers see it, but the next owner only after.
func published(t testing.TB, log *Log, shard int) []string {
	t.Helper()
	own(t, log, shard)
	return replayed(t, log, shard)
}

func replayed(t testing.TB, log *Log, shard int) []string {
	t.Helper()
	var values []string
	err := log.Replay(soon(t), shard, 0, func(records []port.LogRecord) error {
		for _, r := range records {
			values = append(values, string(r.Value))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func want(t testing.TB, what string, got, want []string) {
	t.Helper()
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s:\n got %v\nwant %v", what, brief(got), brief(want))
	}
}

// brief shortens what would fill screens.
func brief(values []string) []string {
	out := make([]string, 0, 21)
	for i, v := range values {
		if len(values) > 20 && i == 10 {
			out = append(out, "…")
		}
		if len(values) <= 20 || i < 10 || i >= len(values)-10 {
			out = append(out, v[:min(len(v), 12)])
		}
	}
	return out
}

func valueOf(record *port.LogRecord) string {
	if record == nil {
		return "none"
	}
	return string(record.Value)
}

// recreate deletes a topic and makes it again with the same settings.
func recreate(t testing.TB, log *Log, name string) {
	t.Helper()
	ctx := soon(t)
	if _, err := log.admin.DeleteTopic(ctx, name); err != nil {
		t.Fatal(err)
	}
	for ctx.Err() == nil {
		if err := create(ctx, log.admin, []topic{log.topics.commands}, -1); err == nil {
			details, err := log.admin.ListTopics(ctx, name)
			if err == nil && details[name].Err == nil && kadm.TopicID(log.commands) != details[name].ID {
				return
			}
		}
	}
	t.Fatal("the topic does not come back")
}

// rawProduce writes a record as no client of ours would.
func rawProduce(t testing.TB, log *Log, record *kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(log.config.Brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(soon(t), record).FirstErr(); err != nil {
		t.Fatal(err)
	}
}
