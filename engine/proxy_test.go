package engine_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy stands between one process and the database. It can stall, as if the
// process, or the wire, were stopped, and cut, as if the database were down.
type proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	conns map[net.Conn]bool
	down  bool
	still chan struct{} // closed when bytes may pass
	trap  func(chunk []byte) (pass int, sprung bool)
	hit   chan struct{} // closed when the trap has sprung
}

// newProxy gives a proxy and the address of the database through it.
func newProxy(t *testing.T, dsn string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil || u.Port() == "" {
		t.Fatalf("no host and port in %q: %v", dsn, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	open := make(chan struct{})
	close(open)
	p := &proxy{listener: listener, target: u.Host, conns: map[net.Conn]bool{}, still: open}
	go p.serve()
	t.Cleanup(func() {
		p.cut()
		p.resume()
		_ = listener.Close()
	})
	u.Host = listener.Addr().String()
	return p, u.String()
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil || !p.keep(client, server) {
			_ = client.Close()
			continue
		}
		go p.pump(client, server, true)
		go p.pump(server, client, false)
	}
}

// keep remembers a pair of connections; false while the database is down.
func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.down {
			_ = c.Close()
		}
		p.conns[c] = true
	}
	return !p.down
}

func (p *proxy) pump(from, to net.Conn, asks bool) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 1<<20)
	for {
		n, err := from.Read(buffer)
		chunk := buffer[:n]
		if asks {
			chunk = p.spring(to, chunk)
		}
		p.wait()
		if _, errWrite := to.Write(chunk); err != nil || errWrite != nil {
			return
		}
	}
}

// spring lets the trap look at what goes to the database: when it springs, so much
// of the chunk passes, and nothing more in either direction.
func (p *proxy) spring(to io.Writer, chunk []byte) (rest []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trap == nil {
		return chunk
	}
	pass, sprung := p.trap(chunk)
	if !sprung {
		return chunk
	}
	p.trap, p.still = nil, make(chan struct{})
	_, _ = to.Write(chunk[:pass])
	close(p.hit)
	return chunk[pass:]
}

func (p *proxy) wait() {
	p.mu.Lock()
	still := p.still
	p.mu.Unlock()
	<-still
}

// stallInCommit stalls everything when the next commit of records is sent: with
// whole, when all of it has reached the database, else before its COMMIT. The
// channel is closed when it has happened.
func (p *proxy) stallInCommit(whole bool) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hit = make(chan struct{})
	p.trap = func(chunk []byte) (int, bool) {
		if !bytes.Contains(chunk, []byte("BEGIN ISOLATION")) || !bytes.Contains(chunk, []byte("shard_advance")) {
			return 0, false
		}
		if whole {
			return len(chunk), true
		}
		return bytes.LastIndex(chunk, []byte("COMMIT")), true
	}
	return p.hit
}

// resume lets bytes pass again.
func (p *proxy) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.still:
	default:
		close(p.still)
	}
}

// cut ends all connections and takes no new ones.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

// mend lets connections through again.
func (p *proxy) mend() {
	p.mu.Lock()
	p.down = false
	p.mu.Unlock()
}
