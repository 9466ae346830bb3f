package kafka

import (
	"context"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

type checker struct {
	admin  *kadm.Client
	config Config
	topics topics
}

func newAdmin(client *kgo.Client) *kadm.Client { return kadm.NewClient(client) }

// all looks at every topic: there, with its partitions and leaders, set as we ask.
func (c checker) all(ctx context.Context) []Finding {
	findings, names := []Finding{}, []string{}
	for _, t := range c.topics.all() {
		names = append(names, t.name)
	}
	details, err := c.admin.ListTopics(ctx, names...)
	if err != nil {
		return []Finding{{Subject: "topics", Found: err.Error(), Advice: "see the brokers' log"}}
	}
	missing, waiting, err := compare(c.topics, details)
	if err != nil {
		return []Finding{{Subject: "topics", Found: err.Error(), Advice: "use the brokers, the prefix and the number of shards that this installation was made with"}}
	}
	absent := map[string]bool{}
	for _, t := range missing {
		absent[t.name] = true
		findings = append(findings, Finding{Subject: "topic " + t.name, Found: "does not exist", Advice: "it is made when the server starts; if the server has run before, it was deleted: restore it before anything else"})
	}
	if waiting != "" && len(missing) == 0 {
		findings = append(findings, Finding{Subject: "topics", Found: waiting, Advice: "wait for the broker that holds it, or bring it back"})
	}
	configs, err := c.admin.DescribeTopicConfigs(ctx, names...)
	if err != nil {
		return append(findings, Finding{Subject: "topic settings", Found: err.Error(), Advice: "allow this client to describe the topics' settings"})
	}
	for _, t := range c.topics.all() {
		if absent[t.name] {
			continue
		}
		found, err := configs.On(t.name, nil)
		if err != nil {
			findings = append(findings, Finding{Subject: "topic " + t.name, Found: err.Error(), Advice: "allow this client to describe the topic's settings"})
			continue
		}
		findings = append(findings, checkTopic(t, details[t.name], found))
	}
	return findings
}

func checkTopic(t topic, detail kadm.TopicDetail, found kadm.ResourceConfig) Finding {
	replicas := len(detail.Partitions[0].Replicas)
	f := Finding{Subject: "topic " + t.name, Found: fmt.Sprintf("partitions %d, replicas %d", len(detail.Partitions), replicas)}
	if wrong := differences(t, found); wrong != "" {
		f.Advice = "set " + wrong
		return f
	}
	for _, config := range found.Configs {
		if config.Value == nil {
			continue
		}
		switch {
		case config.Key == "unclean.leader.election.enable" && *config.Value == "true":
			f.Advice = "set unclean.leader.election.enable=false: acknowledged records can be lost"
			return f
		case config.Key == "min.insync.replicas" && replicas > 1 && *config.Value == "1":
			f.Advice = "set min.insync.replicas to " + strconv.Itoa(replicas/2+1) + ": a record on one broker only is acknowledged"
			return f
		}
	}
	f.OK = true
	return f
}
