package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// properties of a single node; %[1]d and %[2]d are its ports, %[3]s its directory.
const properties = `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:%[2]d
listeners=PLAINTEXT://127.0.0.1:%[1]d,CONTROLLER://127.0.0.1:%[2]d
advertised.listeners=PLAINTEXT://127.0.0.1:%[1]d
controller.listener.names=CONTROLLER
log.dirs=%[3]s/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
add.partitions.to.txn.retry.backoff.ms=1
`

// guard ends the broker when its standard input does, which is when we end.
const guard = `exec 3<&0
"$@" </dev/null 3<&- &
broker=$!
(cat <&3 >/dev/null; kill -TERM $broker 2>/dev/null) &
watch=$!
wait $broker
code=$?
kill $watch 2>/dev/null
exit $code`

type broker struct {
	addr   string
	took   time.Duration
	pipe   io.Closer
	exited chan struct{}
	cmd    *exec.Cmd
}

func start(ctx context.Context, libs, dir string) (*broker, error) {
	began := time.Now()
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "server.properties")
	if err := os.WriteFile(config, fmt.Appendf(nil, properties, ports[0], ports[1], dir), 0o644); err != nil {
		return nil, err
	}
	classes := filepath.Join(libs, "*")
	format := exec.CommandContext(ctx, "java", "-cp", classes, "kafka.tools.StorageTool", "format", "-t", clusterID(), "-c", config)
	if out, err := format.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("format the broker's storage: %w: %s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	b := &broker{addr: fmt.Sprintf("127.0.0.1:%d", ports[0]), exited: make(chan struct{})}
	b.cmd = exec.Command("/bin/sh", "-c", guard, "guard", "java", "-Xmx512m", "-cp", classes, "kafka.Kafka", config)
	b.cmd.Stdout, b.cmd.Stderr = log, log
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if b.pipe, err = b.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(b.exited)
		_ = b.cmd.Wait()
	}()
	if err := b.ready(ctx); err != nil {
		said, _ := os.ReadFile(log.Name())
		return nil, errors.Join(err, b.stop(), fmt.Errorf("it said:\n%s", said[max(0, len(said)-4000):]))
	}
	b.took = time.Since(began).Round(10 * time.Millisecond)
	return b, nil
}

// ready waits until the broker answers.
func (b *broker) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.addr))
	if err != nil {
		return err
	}
	defer client.Close()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if client.Ping(ctx) == nil {
			return nil
		}
		select {
		case <-b.exited:
			return errors.New("the broker ended while it started")
		case <-ctx.Done():
			return fmt.Errorf("the broker does not answer: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// stop ends the broker and waits until it is gone.
func (b *broker) stop() error {
	b.pipe.Close()
	select {
	case <-b.exited:
		return nil
	case <-time.After(60 * time.Second):
		return fmt.Errorf("the broker (a child of pid %d) does not stop", b.cmd.Process.Pid)
	}
}

// clusterID is 16 random bytes as the broker writes them.
func clusterID() string {
	id := make([]byte, 16)
	for {
		rand.Read(id)
		text := base64.RawURLEncoding.EncodeToString(id)
		if !strings.HasPrefix(text, "-") { // it would be taken for an option
			return text
		}
	}
}

func freePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close() // all stay open until all are chosen: no port twice
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
