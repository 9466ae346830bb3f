package callback

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
)

// Path is where providers call back: Path and the provider's name.
const Path = "/callbacks/"

// Bounds of one address, and of one body.
const (
	mostAtOnce = 1000
	every      = 20 * time.Millisecond
	mostBytes  = 64 << 10
)

// Results, as metrics and log name them.
const (
	noted     = "noted"     // we ask the provider
	known     = "known"     // it says what we know
	strange   = "strange"   // no attempt of ours is in it
	refused   = "refused"   // not the provider
	limited   = "limited"   // too often from there
	unread    = "unread"    // its body cannot be read
	forgotten = "forgotten" // it could not be noted; the provider is told to call again
)

// Provider is somebody who calls back about attempts at a port.
type Provider struct {
	Port string
	port.Callbacks
}

// Hearer notes hints: the engine.
type Hearer interface {
	// Hear notes what is said of attempts at a port.
	Hear(ctx context.Context, portName string, hints []port.Hint) (engine.Heard, error)
}

// Service hears callbacks. It is an http.Handler for POST Path{provider}.
type Service struct {
	*gate.Gate
	hearer    Hearer
	providers map[string]Provider
	limits    *gate.Limiter
}

// New makes the service for providers by name.
func New(g *gate.Gate, hearer Hearer, providers map[string]Provider) *Service {
	return &Service{Gate: g, hearer: hearer, providers: providers, limits: gate.NewLimiter(g.Now, mostAtOnce, every)}
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("provider")
	from, ok := s.providers[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	code, result := s.hear(r, from)
	s.CountCallback(name, result)
	log := s.Logger.InfoContext
	if result == unread || result == forgotten {
		log = s.Logger.WarnContext
	}
	log(r.Context(), "callback", "request_id", gate.CallOf(r.Context()).RequestID, "provider", name, "result", result)
	if code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "30")
	}
	w.WriteHeader(code)
}

// hear takes a callback: the answer's code, and what became of it.
func (s *Service) hear(r *http.Request, from Provider) (code int, result string) {
	address := gate.CallOf(r.Context()).Address
	if _, ok := s.limits.Take(gate.Neighbours(address)); !ok {
		return http.StatusTooManyRequests, limited
	}
	at, _ := netip.ParseAddr(address) // one that is none comes from nowhere
	if !from.Admits(at, r.Header) {
		return http.StatusUnauthorized, refused
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, mostBytes))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return http.StatusRequestEntityTooLarge, unread
	case err != nil:
		return http.StatusBadRequest, unread
	}
	hints, err := from.Hints(body)
	if err != nil {
		return http.StatusBadRequest, unread
	}
	heard, err := s.hearer.Hear(r.Context(), from.Port, hints)
	switch {
	case err != nil:
		s.Logger.WarnContext(r.Context(), "a callback could not be noted", "error", err)
		return http.StatusServiceUnavailable, forgotten
	case heard.Noted > 0:
		return http.StatusOK, noted
	case heard.Known > 0:
		return http.StatusOK, known
	}
	return http.StatusOK, strange
}
