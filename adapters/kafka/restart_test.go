package kafka

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/provodka/provodka/cmd/provodka/embed"
	"github.com/provodka/provodka/engine/port"
)

// TestEmbeddedBrokerRestarts: stored positions with their leader epochs, open clients
// and the event log's tail outlive the embedded broker.
func TestEmbeddedBrokerRestarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	begin := func() *embed.BrokerServer {
		server, err := embed.Broker(t.Context(), dir, embed.BrokerOptions{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		return server
	}
	server := begin()
	log := openWith(t, Config{Brokers: []string{server.Addr}, Shards: 1, Logger: slog.New(slog.DiscardHandler)})
	mustAppend(t, log, 0, numbered(0, 10)...)
	reader, err := log.Read(t.Context(), 0, port.LogPosition{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	last := read(t, reader, 10)[9]
	w, _ := own(t, log, 0)
	if err := w.Publish(soon(t), events(numbered(0, 5)...)); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		if err := server.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		server = begin()
		mustAppend(t, log, 0, "more")
		if r := read(t, reader, 1)[0]; string(r.Value) != "more" || r.Offset != int64(10+round) {
			t.Errorf("the open reader: %s at %d", r.Value, r.Offset)
		}
		at := port.LogPosition{Offset: 10, LeaderEpoch: last.LeaderEpoch, TopicID: log.TopicID()}
		again, err := log.Read(soon(t), 0, at)
		if err != nil {
			t.Fatal(err)
		}
		read(t, again, 1+round)
		again.Close()
		if _, tail := own(t, log, 0); valueOf(tail) != "4" {
			t.Errorf("tail %s", valueOf(tail))
		}
	}
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestWhatAKilledBrokerForgot: the broker and the owner die together, in the middle of
// a transaction. In every life after that, readers see what was committed before and
// since, and nothing of what was open.
func TestWhatAKilledBrokerForgot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for life := range 4 {
		server, err := embed.Broker(t.Context(), dir, embed.BrokerOptions{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		log := openWith(t, Config{Brokers: []string{server.Addr}, Shards: 1, Logger: slog.New(slog.DiscardHandler)})
		w, tail := own(t, log, 0)
		if life > 0 && valueOf(tail) != numbered(0, 3*life)[3*life-1] {
			t.Errorf("life %d: tail %s", life, valueOf(tail))
		}
		if err := w.Publish(soon(t), events(numbered(3*life, 3*life+3)...)); err != nil {
			t.Fatal(err)
		}
		want(t, "log", replayed(t, log, 0), numbered(0, 3*life+3))
		begin(t, w)
		write(t, w, "open")
		// What a kill leaves behind is what lies on the disk now.
		next := t.TempDir()
		if err := os.CopyFS(filepath.Join(next, "broker"), os.DirFS(filepath.Join(dir, "broker"))); err != nil {
			t.Fatal(err)
		}
		log.Close()
		if err := server.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		dir = next
	}
}
