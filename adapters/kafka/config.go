package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/plugin/kprom"
)

// MaxRecord is the largest record value that the topics take.
const MaxRecord = 1 << 20

// maxBatch leaves room for the headers of the largest record.
const maxBatch = MaxRecord + 64<<10

// Config says which brokers to use and how. Brokers and Shards have no default.
type Config struct {
	// Brokers are the first addresses to ask, host:port.
	Brokers []string
	// Prefix of the topics' names and of the transactional ids; "" means "provodka".
	Prefix string
	// Shards is the number of partitions of commands and events, fixed for ever.
	Shards int
	// Replication of topics that are made; 0 means the broker's default.
	Replication int
	// TLS secures the connections when it is not nil, SASL says who we are.
	TLS  *tls.Config
	SASL sasl.Mechanism
	// DeliveryTimeout bounds how long a command may wait to be sent; 0 means 30 s, the
	// least is 1 s. After twice that time Append answers that it does not know.
	DeliveryTimeout time.Duration
	// PublishTimeout bounds one Publish; 0 means 30 s. Kafka itself aborts a
	// transaction whose writer is silent for half of it.
	PublishTimeout time.Duration
	// MaxBufferedRecords and MaxBufferedBytes bound the commands waiting to be sent;
	// 0 means 50,000 and 256 MiB. Beyond them Append answers port.ErrLogFull.
	MaxBufferedRecords int
	MaxBufferedBytes   int
	// Logger hears the client's warnings; nil means slog.Default.
	Logger *slog.Logger
	// Metrics gets the command producer's metrics, prefix provodka_kafka_; nil: none.
	Metrics prometheus.Registerer

	companyWait time.Duration // 0 means companyWait
}

// prefixes that make legal topic names and legal transactional ids.
var prefixForm = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,100}$`)

func (c Config) withDefaults() (Config, error) {
	if len(c.Brokers) == 0 {
		return c, errors.New("no brokers are given")
	}
	if c.Shards < 1 {
		return c, fmt.Errorf("%d shards: at least one is needed", c.Shards)
	}
	if c.Prefix == "" {
		c.Prefix = "provodka"
	}
	if !prefixForm.MatchString(c.Prefix) {
		return c, fmt.Errorf("prefix %q: letters, digits, dot, underscore and hyphen only", c.Prefix)
	}
	if c.Replication == 0 {
		c.Replication = -1
	}
	if c.DeliveryTimeout == 0 {
		c.DeliveryTimeout = 30 * time.Second
	}
	if c.PublishTimeout == 0 {
		c.PublishTimeout = 30 * time.Second
	}
	if c.MaxBufferedRecords == 0 {
		c.MaxBufferedRecords = 50_000
	}
	if c.MaxBufferedBytes == 0 {
		c.MaxBufferedBytes = 256 << 20
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.companyWait = cmp.Or(c.companyWait, companyWait)
	return c, nil
}

// client opens a client for one task with the settings that all share. The figures
// were measured on Apache Kafka 4.1.1: with the default metadata age of 5 s a retried
// transaction waits for it, and growing backoffs make a leader's change slow.
func (c Config) client(task string, more ...kgo.Opt) (*kgo.Client, error) {
	options := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...),
		kgo.ClientID(c.Prefix + "-" + task),
		kgo.WithLogger(clientLog{c.Logger.With("kafka_client", task)}),
		kgo.MetadataMinAge(100 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 100 * time.Millisecond }),
		kgo.RetryTimeout(60 * time.Second),
		kgo.DialTimeout(5 * time.Second),
		kgo.DisableClientMetrics(),
	}
	if c.TLS != nil {
		options = append(options, kgo.DialTLSConfig(c.TLS))
	}
	if c.SASL != nil {
		options = append(options, kgo.SASL(c.SASL))
	}
	return kgo.NewClient(append(options, more...)...)
}

// producing are the options of every client that writes.
func producing(more ...kgo.Opt) []kgo.Opt {
	return append([]kgo.Opt{
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(0),
		kgo.ProducerBatchMaxBytes(maxBatch),
	}, more...)
}

// consuming are the options of every client that reads one partition from an offset.
func consuming(topic string, shard int, from kgo.Offset, more ...kgo.Opt) []kgo.Opt {
	return append([]kgo.Opt{
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {int32(shard): from}}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.FetchMaxBytes(16 << 20),
		kgo.FetchMaxPartitionBytes(8 << 20),
	}, more...)
}

func (c Config) metrics() []kgo.Opt {
	if c.Metrics == nil {
		return nil
	}
	return []kgo.Opt{kgo.WithHooks(kprom.NewMetrics("provodka_kafka", kprom.Registerer(c.Metrics)))}
}

// clientLog hands the client's words to slog; what it calls information is detail to us.
type clientLog struct{ logger *slog.Logger }

// Level answers how much the client should say.
func (l clientLog) Level() kgo.LogLevel {
	if l.logger.Enabled(context.Background(), slog.LevelDebug) {
		return kgo.LogLevelInfo
	}
	return kgo.LogLevelWarn
}

// Log implements the client's logger.
func (l clientLog) Log(level kgo.LogLevel, message string, pairs ...any) {
	to := slog.LevelDebug
	switch level {
	case kgo.LogLevelError:
		to = slog.LevelError
	case kgo.LogLevelWarn:
		to = slog.LevelWarn
	case kgo.LogLevelNone, kgo.LogLevelInfo, kgo.LogLevelDebug:
	}
	l.logger.Log(context.Background(), to, "kafka: "+message, pairs...)
}
