package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/provodka/provodka/engine/port/stage"
)

// Options of the sandbox; all have defaults.
type Options struct {
	Project string           // the project that is let in; "" lets any in
	Token   string           // its service token; "" lets any in
	Flat    bool             // errors without "error" around them
	Script  stage.Script     // played from the start, unless the books remember another
	Now     func() time.Time // time.Now by default
}

// Server is the service. It is an http.Handler; mount it at the root of a loopback port.
type Server struct {
	books *stage.Books
	o     Options
	mux   *http.ServeMux

	mu   sync.Mutex
	next int
}

var played = []stage.Fault{
	stage.Slow, stage.Silent, stage.SilentApplied, stage.Error, stage.ErrorApplied, stage.UnknownStatus, stage.Refuse,
}

// Faults are those that the service plays.
func Faults() []stage.Fault { return slices.Clone(played) }

// New opens the books in dir, or begins them.
func New(dir string, o Options) (*Server, error) {
	now := o.Now
	if now == nil {
		now = time.Now
	}
	books, err := stage.Open(dir, stage.Options{Script: o.Script, Supported: played, Now: now})
	if err != nil {
		return nil, fmt.Errorf("rustore sandbox: %w", err)
	}
	s := &Server{books: books, o: o, mux: http.NewServeMux(), next: len(books.Payments())}
	s.mux.HandleFunc("POST /v1/projects/{project}/{action}", s.send)
	books.Routes(s.mux)
	return s, nil
}

// Close ends silences and closes the books.
func (s *Server) Close() error { return s.books.Close() }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// dead begins tokens that no device has.
const dead = "dead"

func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	var m struct {
		Message struct {
			Token        string `json:"token"`
			Notification struct {
				Title string `json:"title"`
				Body  string `json:"body"`
			} `json:"notification"`
		} `json:"message"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&m)
	token, text := m.Message.Token, m.Message.Notification
	switch {
	case r.PathValue("action") != "messages:send":
		http.NotFound(w, r)
		return
	case s.o.Token != "" && r.Header.Get("Authorization") != "Bearer "+s.o.Token, s.o.Project != "" && r.PathValue("project") != s.o.Project:
		s.fail(w, http.StatusForbidden, "PERMISSION_DENIED")
		return
	case err != nil || token == "" || text.Title == "" && text.Body == "":
		s.fail(w, http.StatusBadRequest, "INVALID_ARGUMENT")
		return
	case strings.HasPrefix(token, dead):
		s.fail(w, http.StatusNotFound, "NOT_FOUND")
		return
	}
	s.mu.Lock()
	s.next++
	id := fmt.Sprintf("push-%07d", s.next)
	s.mu.Unlock()
	booked, err := s.books.Post(stage.Subject{ID: id, Account: token, Purpose: text.Body, Detail: map[string]string{"subject": text.Title}}, "")
	if err == nil {
		err = s.act(id, booked.Rule.Fault)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	switch rule := booked.Rule; rule.Fault {
	case stage.Silent, stage.SilentApplied:
		s.books.Hang(r, rule.Delay())
		return
	case stage.Error, stage.ErrorApplied:
		s.fail(w, http.StatusInternalServerError, "INTERNAL")
		return
	case stage.Slow:
		s.books.Linger(r, rule.Delay(), false)
	case stage.Refuse:
		s.fail(w, http.StatusNotFound, cmp.Or(rule.Code, "NOT_FOUND"))
		return
	case stage.UnknownStatus:
		s.fail(w, http.StatusTeapot, cmp.Or(rule.Code, "MERCURY_RETROGRADE"))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte("{}")) // the caller went away: nobody is left to be told
}

// act does to the books what the fault lets happen, and waits until it is on disk.
func (s *Server) act(id string, fault stage.Fault) (err error) {
	switch fault {
	case stage.Silent, stage.Error, stage.UnknownStatus: // nothing happens
	case stage.Refuse:
		_, err = s.books.Become(id, stage.Refused)
	default:
		_, _, err = s.books.Execute(id)
	}
	if err != nil {
		return err
	}
	return s.books.Settle()
}

// fail writes an error as the service does, with words that repeat nothing of ours.
func (s *Server) fail(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	one := map[string]any{"code": status, "message": "error", "status": word}
	if !s.o.Flat {
		one = map[string]any{"error": one}
	}
	_ = json.NewEncoder(w).Encode(one) // the caller went away: nobody is left to be told
}
