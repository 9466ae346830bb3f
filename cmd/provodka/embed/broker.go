package embed

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
)

// BrokerOptions are the choices of Broker; the zero value is what `provodka dev` uses.
type BrokerOptions struct {
	// Port on 127.0.0.1; 0 means the one of the last time, else any free one.
	Port int
	// NoSync leaves writing to the operating system: faster, and what was not yet
	// written is lost when the machine stops (not when the process is killed).
	NoSync bool
	// Logger hears what is done; nil means slog.Default.
	Logger *slog.Logger
}

// BrokerServer is a running in-process broker.
type BrokerServer struct {
	// Addr is its host:port, the one-element broker list of its clients.
	Addr string

	cluster *kfake.Cluster
	lock    *lock
}

// brokerState is what DIR/broker.json keeps.
type brokerState struct {
	Port int `json:"port"`
}

// Broker opens the broker whose log lies in dir/broker, on loopback. What was
// acknowledged before a kill -9 is there after the next Broker.
func Broker(ctx context.Context, dir string, options BrokerOptions) (*BrokerServer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	dir, err := prepare(dir)
	if err != nil {
		return nil, fmt.Errorf("embedded broker: %w", err)
	}
	held, err := takeLock(filepath.Join(dir, "broker.lock"))
	if err != nil {
		return nil, fmt.Errorf("embedded broker: %w", err)
	}
	server, err := openBroker(dir, options)
	if err != nil {
		held.release()
		return nil, fmt.Errorf("embedded broker in %s: %w", dir, err)
	}
	server.lock = held
	return server, nil
}

func openBroker(dir string, options BrokerOptions) (*BrokerServer, error) {
	path := filepath.Join(dir, "broker.json")
	var state brokerState
	if err := readState(path, &state); err != nil {
		return nil, err
	}
	var cluster *kfake.Cluster
	var port int
	for attempt := 0; cluster == nil; attempt++ {
		var err error
		if port, err = choosePort(options.Port, state.Port); err != nil {
			return nil, err
		}
		if cluster, err = newCluster(dir, port, options); err != nil && (attempt == 3 || portIsFree(port)) {
			return nil, err // not a port that somebody took in between
		}
	}
	if port != state.Port {
		if state.Port != 0 && options.Port == 0 {
			options.Logger.Warn("the broker's port of the last time is taken", "was", state.Port, "now", port)
		}
		if err := writeState(path, brokerState{Port: port}); err != nil {
			cluster.Close()
			return nil, err
		}
	}
	return &BrokerServer{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), cluster: cluster}, nil
}

func newCluster(dir string, port int, options BrokerOptions) (*kfake.Cluster, error) {
	choices := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.Ports(port),
		kfake.DataDir(filepath.Join(dir, "broker")),
		kfake.ClusterID("provodka-dev"),
		kfake.WithLogger(brokerLog{options.Logger}),
	}
	if !options.NoSync {
		choices = append(choices, kfake.SyncWrites())
	}
	return kfake.NewCluster(choices...)
}

// Stop closes the broker and writes what it kept open. Stopping twice does nothing.
func (b *BrokerServer) Stop(context.Context) error {
	if b.cluster == nil {
		return nil
	}
	b.cluster.Close()
	b.cluster = nil
	b.lock.release()
	return nil
}

// brokerLog hands the broker's warnings on; its lower levels tell of every request.
type brokerLog struct{ logger *slog.Logger }

// slowEnd begins a warning of the broker about every end of a transaction that took over
// 5 ms. Ours write through to a disk, which often takes longer, and nobody can do anything.
const slowEnd = "txn: EndTxn slow"

// Logf implements the broker's logger.
func (l brokerLog) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		l.logger.Error("embedded broker: " + fmt.Sprintf(format, args...))
	case kfake.LogLevelWarn:
		if strings.HasPrefix(format, slowEnd) {
			return
		}
		l.logger.Warn("embedded broker: " + fmt.Sprintf(format, args...))
	case kfake.LogLevelNone, kfake.LogLevelInfo, kfake.LogLevelDebug:
	}
}
