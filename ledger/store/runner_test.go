package store_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
)

// TestAFailureOfCommitIsRetried makes two transactions that each read what the other
// writes: the second to commit must fail, and succeeds in a fresh transaction.
func TestAFailureOfCommitIsRetried(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		var retried atomic.Int32
		db := open(t, dsn, func(o *store.Options) {
			o.Observe = func(a store.Attempt) {
				if a.Class == "40" {
					retried.Add(1)
				}
			}
		})
		conn := raw(t, dsn)
		exec(t, conn, "CREATE TABLE skew (id INT8 PRIMARY KEY, n INT8 NOT NULL)")
		exec(t, conn, "INSERT INTO skew VALUES (1, 0), (2, 0)")
		met := newBarrier(2)
		run := func(mine int) error {
			first := true
			return db.Write(t.Context(), func(tx pgx.Tx) error {
				var sum int64
				if err := tx.QueryRow(t.Context(), "SELECT sum(n)::INT8 FROM skew WHERE id IN (1, 2)").Scan(&sum); err != nil {
					return err
				}
				if first {
					met.wait()
				}
				_, err := tx.Exec(t.Context(), "UPDATE skew SET n = $2::INT8 + 1 WHERE id = $1::INT8", mine, sum)
				if first {
					first = false
					met.wait()
				}
				return err
			})
		}
		errs := make(chan error, 2)
		go func() { errs <- run(1) }()
		go func() { errs <- run(2) }()
		must(t, errors.Join(<-errs, <-errs))
		if got := exec(t, conn, "SELECT sum(n) FROM skew")[0][0]; got != "3" {
			t.Errorf("the sum is %s, want 3: one after the other", got)
		}
		if retried.Load() == 0 {
			t.Error("nothing was retried")
		}
	})
}

// barrier lets n callers meet, again and again.
type barrier struct {
	mu    sync.Mutex
	n     int
	here  int
	leave chan struct{}
}

func newBarrier(n int) *barrier { return &barrier{n: n, leave: make(chan struct{})} }

func (b *barrier) wait() {
	b.mu.Lock()
	leave := b.leave
	if b.here++; b.here == b.n {
		b.here, b.leave = 0, make(chan struct{})
		close(leave)
	}
	b.mu.Unlock()
	<-leave
}

func TestWhatFIsToldComesBack(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		cause := errors.New("no")
		if err := db.Write(t.Context(), func(pgx.Tx) error { return cause }); !errors.Is(err, cause) {
			t.Errorf("%v", err)
		}
		err := db.Write(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "SELECT 'x'::TEXT::INT8")
			return err
		})
		if store.Class(err) != "22" || errors.Is(err, store.ErrAmbiguous) {
			t.Errorf("%v has class %q", err, store.Class(err))
		}
		err = db.Read(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "DELETE FROM lease")
			return err
		})
		if store.Class(err) != "25" {
			t.Errorf("a read may write: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.Write(ctx, func(pgx.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

// TestALostAnswerOfCommitIsAmbiguous loses the server's answer, once to a plain write
// and once to a writer, and looks whether the transaction happened.
func TestALostAnswerOfCommitIsAmbiguous(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		conn := raw(t, dsn)
		wire := newWire(t, dsn)
		db := open(t, wire.dsn)

		exec(t, conn, "CREATE TABLE one (n INT8 NOT NULL)")
		err := db.Write(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO one VALUES (1)")
			wire.cut.Store(true)
			return err
		})
		if !errors.Is(err, store.ErrAmbiguous) || store.Class(err) != "08" {
			t.Errorf("a lost answer is %v", err)
		}
		wire.cut.Store(false)
		if got := exec(t, conn, "SELECT count(*) FROM one")[0][0]; got != "1" {
			t.Errorf("%s rows", got)
		}

		_, w := own(t, db, 1)
		p := newPen(t, 1)
		p.post("k", "", "bank:main", "wallet:a", "RUB", money.MustParse("1.00"))
		wire.cut.Store(true)
		err = commit(t, w, store.NewTotals(), p.records)
		if !errors.Is(err, store.ErrAmbiguous) || w.Alive() {
			t.Errorf("a lost answer is %v, alive %v", err, w.Alive())
		}
		wire.cut.Store(false)
		if err := commit(t, w, store.NewTotals(), p.records); errors.Is(err, store.ErrAmbiguous) || store.Class(err) != "08" {
			t.Errorf("a session that is over says %v", err)
		}
		state, err := db.TakeOver(t.Context(), 1)
		must(t, err)
		if state.Head != p.head || state.Epoch != 2 {
			t.Errorf("after taking over the shard is %+v, want head %+v", state, p.head)
		}
	})
}

// wire stands between the store and the database; while cut, the first answer of the
// server ends the session instead of arriving.
type wire struct {
	dsn string
	cut atomic.Bool
}

func newWire(t *testing.T, dsn string) *wire {
	t.Helper()
	u, err := url.Parse(dsn)
	must(t, err)
	target := u.Host
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	u.Host = listener.Addr().String()
	q := u.Query()
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	w := &wire{dsn: u.String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go w.carry(client, target)
		}
	}()
	return w
}

func (w *wire) carry(client net.Conn, target string) {
	defer client.Close()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil || w.cut.Load() {
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
