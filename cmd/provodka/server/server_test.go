package server

import (
	"net/http"
	"testing"
	"time"
)

// No server of ours waits for ever for a request, or lets anybody send headers without end.
func TestServersHaveLimits(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*http.Server{"public": publicServer(nil), "metrics": metricsServer(nil)} {
		if s.ReadTimeout <= 0 || s.ReadTimeout > time.Minute || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 || s.MaxHeaderBytes > 64<<10 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if p := publicServer(nil).Protocols; !p.UnencryptedHTTP2() || !p.HTTP1() || !p.HTTP2() {
		t.Errorf("gRPC without TLS is shut out: %v", p)
	}
}
