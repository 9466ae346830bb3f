package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/provodka/provodka/engine/port/stage"
)

// Options of the sandbox.
type Options struct {
	Listed    func(inn string) bool // who is on NPD; nil: everybody
	PerMinute int                   // calls a minute; 2 by default, below 0 no limit
	Script    stage.Script          // played from the start, unless the books remember another
	Now       func() time.Time      // time.Now by default
}

// Server is the list. It is an http.Handler; mount it at the root of a loopback port.
type Server struct {
	books  *stage.Books
	mux    *http.ServeMux
	listed func(string) bool
	most   int
	now    func() time.Time

	mu    sync.Mutex
	calls []time.Time // of the last minute
	asked int
}

var played = []stage.Fault{stage.Slow, stage.Silent, stage.Error, stage.Refuse, stage.UnknownStatus}

// Faults are those that the list plays.
func Faults() []stage.Fault { return slices.Clone(played) }

var inn = regexp.MustCompile(`^[0-9]{12}$`)

// New opens the books in dir, or begins them.
func New(dir string, o Options) (*Server, error) {
	s := &Server{mux: http.NewServeMux(), listed: o.Listed, most: cmp.Or(o.PerMinute, 2), now: o.Now}
	if s.now == nil {
		s.now = time.Now
	}
	if s.listed == nil {
		s.listed = func(string) bool { return true }
	}
	var err error
	if s.books, err = stage.Open(dir, stage.Options{Script: o.Script, Supported: played, Now: s.now}); err != nil {
		return nil, fmt.Errorf("npdstatus sandbox: %w", err)
	}
	s.mux.HandleFunc("POST /api/v1/tracker/taxpayer_status", s.status)
	s.books.Routes(s.mux)
	return s, nil
}

// Close ends silences and closes the books.
func (s *Server) Close() error { return s.books.Close() }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Asked is how many calls came.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// hasty counts a call and says whether it is one too many.
func (s *Server) hasty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	now := s.now()
	for len(s.calls) > 0 && now.Sub(s.calls[0]) >= time.Minute {
		s.calls = s.calls[1:]
	}
	if s.most >= 0 && len(s.calls) >= s.most {
		return true
	}
	s.calls = append(s.calls, now)
	return false
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	var q struct {
		INN  string `json:"inn"`
		Date string `json:"requestDate"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&q)
	if _, wrong := time.Parse(time.DateOnly, q.Date); err != nil || wrong != nil || !inn.MatchString(q.INN) {
		refuse(w, http.StatusUnprocessableEntity, "validation.failed", "Ошибка валидации запроса")
		return
	}
	if s.hasty() {
		refuse(w, http.StatusUnprocessableEntity, "taxpayer.status.service.limited.error", "Превышено количество запросов к сервису с одного ip-адреса в единицу времени")
		return
	}
	rule := s.books.Behave(stage.Subject{Op: "check", ID: q.INN, INN: q.INN})
	switch rule.Fault {
	case stage.Slow:
		s.books.Linger(r, rule.Delay(), false)
	case stage.Silent:
		s.books.Hang(r, rule.Delay())
	case stage.Error:
		refuse(w, http.StatusInternalServerError, "", "Внутренняя ошибка")
		return
	case stage.Refuse:
		refuse(w, http.StatusUnprocessableEntity, cmp.Or(rule.Code, "taxpayer.status.service.unavailable.error"), cmp.Or(rule.Message, "Сервис временно недоступен"))
		return
	case stage.UnknownStatus:
		write(w, http.StatusOK, map[string]any{"message": cmp.Or(rule.Message, "Проверяется")})
		return
	}
	if s.listed(q.INN) {
		write(w, http.StatusOK, map[string]any{"status": true, "message": q.INN + " является плательщиком налога на профессиональный доход"})
		return
	}
	write(w, http.StatusOK, map[string]any{"status": false, "message": q.INN + " не является плательщиком налога на профессиональный доход"})
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	write(w, status, map[string]any{"code": code, "message": message})
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller went away: nobody is left to be told
}
