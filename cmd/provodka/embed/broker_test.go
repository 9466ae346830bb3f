package embed_test

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/provodka/provodka/cmd/provodka/embed"
)

func TestBrokerSurvivesKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	process, addr := helper(t, "broker", dir)
	id := produce(t, addr, "before")
	if _, err := embed.Broker(t.Context(), dir, embed.BrokerOptions{}); !errors.Is(err, embed.ErrInUse) {
		t.Errorf("a second process: %v, want ErrInUse", err)
	}
	kill9(t, process)

	server, err := embed.Broker(t.Context(), dir, embed.BrokerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if server.Addr != addr {
		t.Errorf("address %s, was %s", server.Addr, addr)
	}
	if again := produce(t, addr, "after"); again != id {
		t.Errorf("topic id %x, was %x: clients would take it for another topic", again, id)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var values []string
	for len(values) < 2 {
		fetches := client.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	if len(values) != 2 || values[0] != "before" || values[1] != "after" {
		t.Errorf("records %q", values)
	}
}

// produce appends one record to topic t, making it if need be, and answers its id.
func produce(t *testing.T, addr, value string) kadm.TopicID {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	topics, err := admin.ListTopics(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	if !topics.Has("t") {
		if _, err := admin.CreateTopic(t.Context(), 1, 1, nil, "t"); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.ProduceSync(t.Context(), kgo.StringRecord(value)).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if topics, err = admin.ListTopics(t.Context(), "t"); err != nil {
		t.Fatal(err)
	}
	return topics["t"].ID
}
