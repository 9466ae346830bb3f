package main_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/cmd/provodka/server"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/store"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// installation is a database and a broker that server processes share.
type installation struct {
	t           *testing.T
	dsn, config string
	brokers     string
	key         string
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	in := &installation{t: t, dsn: embedtest.DSN(t, store.Migrate), brokers: embedtest.Broker(t)}
	db, err := store.Open(t.Context(), in.dsn, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	text, row, err := gate.MintKey("test", "main", gate.Roles()...)
	if err != nil {
		t.Fatal(err)
	}
	row.Created = time.Now()
	if err := db.PutAPIKey(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	in.key = text
	bic := requisite.ExampleBIC(1)
	raw, err := json.Marshal(server.Config{
		Shards: 4, Listen: "127.0.0.1:0", MetricsListen: "127.0.0.1:0", API: true, Engine: true,
		Bank: server.Bank{URL: "http://127.0.0.1:1", Token: "t"}, Tax: server.Tax{URL: "http://127.0.0.1:1", MasterToken: "t", UserToken: "u"},
		Own: []server.Account{{Name: "settlement", Account: requisite.ExampleAccount("40702", bic, 1), BIC: bic, Bank: "Банк", Holder: "Мы", INN: requisite.ExampleINN(1)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	in.config = filepath.Join(t.TempDir(), "provodka.json")
	if err := os.WriteFile(in.config, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return in
}

// member is one server process.
type member struct {
	in  *installation
	cmd *exec.Cmd
	api *client.Client
}

// serve starts a process and waits until every shard has an owner.
func (in *installation) serve() *member {
	in.t.Helper()
	bin, err := binary()
	if err != nil {
		in.t.Fatal(err)
	}
	m := &member{in: in, cmd: exec.Command(bin, "serve", "--config", in.config, "--log", "error")}
	m.cmd.Env = append(os.Environ(), "PROVODKA_DSN="+in.dsn, "PROVODKA_BROKERS="+in.brokers,
		"PROVODKA_SECRET="+base64.StdEncoding.EncodeToString([]byte(strings.Repeat("s", 32))),
		"PROVODKA_INSTALLATION_KEY="+base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
	talk, err := m.cmd.StderrPipe()
	if err != nil {
		in.t.Fatal(err)
	}
	if err := m.cmd.Start(); err != nil {
		in.t.Fatal(err)
	}
	in.t.Cleanup(func() {
		_ = m.cmd.Process.Kill()
		_ = m.cmd.Wait()
	})
	ready := make(chan string, 1)
	go func() {
		for scan := bufio.NewScanner(talk); scan.Scan(); {
			if after, ok := strings.CutPrefix(scan.Text(), "ready api="); ok {
				ready <- strings.Fields(after)[0]
			}
		}
	}()
	select {
	case addr := <-ready:
		if m.api, err = client.New("http://"+addr, in.key); err != nil {
			in.t.Fatal(err)
		}
	case <-time.After(30 * time.Second):
		in.t.Fatal("a server process is not ready after 30 s")
	}
	return m
}

// post moves a ruble into wallets of many homes, once by each key, and gives the
// time it took.
func (m *member) post(ctx context.Context, round string) (time.Duration, error) {
	began := time.Now()
	var ops []*ledgerv1.Operation
	for i := range 16 {
		ops = append(ops, &ledgerv1.Operation{Key: fmt.Sprintf("%s-%d", round, i), What: &ledgerv1.Operation_Entry{Entry: &ledgerv1.NewEntry{
			Kind: "top_up", Legs: []*ledgerv1.NewLeg{
				{Account: fmt.Sprintf("suspense:owner-%d", i), Asset: "RUB", Side: ledgerv1.Side_SIDE_CREDIT, Amount: "1.00"},
				{Account: "bank:settlement", Asset: "RUB", Side: ledgerv1.Side_SIDE_DEBIT, Amount: "1.00"},
			},
		}}})
	}
	r, err := m.api.Ledger.Post(ctx, &ledgerv1.PostRequest{Book: "main", Operations: ops})
	if err != nil {
		return 0, err
	}
	for _, x := range r.GetResults() {
		if x.GetRefusal() != nil {
			return 0, fmt.Errorf("%s: %s", x.GetRefusal().GetCode(), x.GetRefusal().GetReason())
		}
	}
	return time.Since(began), nil
}

// eventually posts until every shard answers, with the same keys.
func (m *member) eventually(round string) time.Duration {
	m.in.t.Helper()
	ctx, cancel := context.WithTimeout(m.in.t.Context(), 40*time.Second)
	defer cancel()
	began := time.Now()
	for {
		_, err := m.post(ctx, round)
		if err == nil {
			return time.Since(began)
		}
		if ctx.Err() != nil {
			m.in.t.Fatalf("round %s is not answered: %v", round, err)
		}
	}
}

func (m *member) signal(s os.Signal) {
	m.in.t.Helper()
	if err := m.cmd.Process.Signal(s); err != nil {
		m.in.t.Fatal(err)
	}
}

// TestTwoProcessesShareTheShards: whatever happens to one, the other has its
// shards, every operation is posted once, and a process that slept through its
// ownership writes nothing when it wakes.
func TestTwoProcessesShareTheShards(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	one, two := in.serve(), in.serve()
	in.untilShared()
	one.eventually("both")
	two.eventually("both")
	two.signal(syscall.SIGSTOP)
	t.Logf("all shards answer %s after a SIGSTOP", one.eventually("asleep").Round(time.Millisecond))
	two.signal(syscall.SIGCONT)
	two.eventually("awake")
	one.eventually("awake")
	in.untilShared()
	two.signal(syscall.SIGKILL)
	took := one.eventually("killed")
	t.Logf("all shards answer %s after a kill -9", took.Round(time.Millisecond))
	in.books(one, 4)
	code, out := (&stack{t: t, bin: one.cmd.Path}).run("audit", "--brokers", in.brokers, "--dsn", in.dsn)
	if code != 0 {
		t.Errorf("audit ends with %d: %s", code, out)
	}
}

// untilShared waits until two processes own two shards each.
func (in *installation) untilShared() {
	in.t.Helper()
	db, err := store.Open(in.t.Context(), in.dsn, store.Options{})
	if err != nil {
		in.t.Fatal(err)
	}
	defer db.Close()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		leases, err := db.Leases(in.t.Context())
		if err != nil {
			in.t.Fatal(err)
		}
		owners := map[string]int{}
		for _, l := range leases {
			owners[l.Owner]++
		}
		even := len(owners) == 2
		for _, n := range owners {
			even = even && n == 2
		}
		if even {
			return
		}
		select {
		case <-deadline:
			in.t.Fatalf("after 30 s the shards are owned so: %v", owners)
		case <-tick.C:
		}
	}
}

// books checks that each of the rounds was posted once.
func (in *installation) books(m *member, rounds int) {
	in.t.Helper()
	r, err := m.api.Ledger.GetBalances(in.t.Context(), &ledgerv1.GetBalancesRequest{
		Book: "main", Accounts: []string{"suspense:owner-0", "suspense:owner-15", "bank:settlement"}, Asset: "RUB",
	})
	if err != nil {
		in.t.Fatal(err)
	}
	for i, want := range []int{rounds, rounds, 16 * rounds} {
		if got := r.GetBalances()[i].GetBalance(); got != fmt.Sprintf("%d.00", want) {
			in.t.Errorf("%s has %s, want %d.00", r.GetBalances()[i].GetAccount(), got, want)
		}
	}
}
