package kafka

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Finding is one thing that Check looked at.
type Finding struct {
	OK      bool
	Subject string // "topic provodka.events"
	Found   string // what is there
	Advice  string // what to do, "" when OK
}

// Check looks at brokers and topics as a person on call would. It changes nothing,
// and answers within ten seconds also when no broker does.
func Check(ctx context.Context, config Config) []Finding {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	config, err := config.withDefaults()
	if err != nil {
		return []Finding{{Subject: "kafka configuration", Found: err.Error(), Advice: "correct the configuration"}}
	}
	client, err := config.client("doctor")
	if err != nil {
		return []Finding{{Subject: "kafka configuration", Found: err.Error(), Advice: "correct the configuration"}}
	}
	defer client.Close()
	c := checker{admin: newAdmin(client), config: config, topics: plan(config.Prefix, config.Shards)}
	brokers := c.brokers(ctx)
	if !brokers.OK {
		return []Finding{brokers}
	}
	return append([]Finding{brokers}, c.all(ctx)...)
}

// Check looks at this log's brokers and topics.
func (l *Log) Check(ctx context.Context) []Finding { return Check(ctx, l.config) }

func (c checker) brokers(ctx context.Context) Finding {
	f := Finding{Subject: "brokers " + strings.Join(c.config.Brokers, ",")}
	brokers, err := c.admin.ListBrokers(ctx)
	if err != nil {
		f.Found = "no answer: " + err.Error()
		f.Advice = "start the brokers, or correct their addresses; until then commands are refused and reads go on"
		return f
	}
	f.OK, f.Found = true, fmt.Sprintf("those that answer: %d", len(brokers))
	return f
}
