package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/provodka/provodka/engine/port/stage"
)

// Options of the sandbox; all have defaults.
type Options struct {
	APIID  string           // the key that is let in; "" lets any in
	Script stage.Script     // played from the start, unless the books remember another
	Now    func() time.Time // time.Now by default
}

// Server is the service. It is an http.Handler; mount it at the root of a loopback port.
type Server struct {
	books *stage.Books
	apiID string
	mux   *http.ServeMux

	mu   sync.Mutex
	next int
}

var played = []stage.Fault{
	stage.Slow, stage.Silent, stage.SilentApplied, stage.Error, stage.ErrorApplied, stage.InProgress,
	stage.UnknownStatus, stage.Refuse, stage.Fail, stage.Lost, stage.Duplicate, stage.Reordered,
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
		return nil, fmt.Errorf("smsru sandbox: %w", err)
	}
	s := &Server{books: books, apiID: o.APIID, mux: http.NewServeMux(), next: len(books.Payments())}
	s.mux.HandleFunc("/sms/send", s.authorized(s.send))
	s.mux.HandleFunc("/sms/status", s.authorized(s.status))
	books.Routes(s.mux)
	return s, nil
}

// Close ends silences and closes the books.
func (s *Server) Close() error { return s.books.Close() }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Codes of the service.
const (
	ok         = 100
	handing    = 101
	onItsWay   = 102
	delivered  = 103
	undelivers = 107
	wrongKey   = 200
	wrongPhone = 202
	noText     = 203
	stopped    = 207
	sentBefore = 231
	strange    = 777
	notFound   = -1
)

func (s *Server) authorized(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if r.FormValue("json") != "1" || s.apiID != "" && r.FormValue("api_id") != s.apiID {
			answer(w, wrongKey, nil)
			return
		}
		next(w, r)
	}
}

func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	number, text := r.FormValue("to"), r.FormValue("msg")
	switch {
	case len(number) != 11 || number[0] != '7' || strings.Trim(number, "0123456789") != "":
		answer(w, ok, map[string]any{number: map[string]any{"status": "ERROR", "status_code": wrongPhone}})
		return
	case strings.TrimSpace(text) == "":
		answer(w, noText, nil)
		return
	}
	s.mu.Lock()
	s.next++
	id := fmt.Sprintf("202603-%07d", s.next)
	s.mu.Unlock()
	booked, err := s.books.Post(stage.Subject{ID: id, Account: number, Purpose: text}, "")
	if err == nil {
		err = s.act(id, booked.Rule.Fault)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	rule := booked.Rule
	one := map[string]any{"status": "OK", "status_code": ok, "sms_id": id}
	switch rule.Fault {
	case stage.Silent, stage.SilentApplied:
		s.books.Hang(r, rule.Delay())
	case stage.Error, stage.ErrorApplied:
		http.Error(w, "500", http.StatusInternalServerError)
		return
	case stage.Slow:
		s.books.Linger(r, rule.Delay(), false)
	case stage.Refuse:
		one = map[string]any{"status": "ERROR", "status_code": number3(rule.Code, stopped), "status_text": "нельзя: " + number}
	case stage.Duplicate:
		one = map[string]any{"status": "ERROR", "status_code": sentBefore, "status_text": "Вы отправили одинаковое сообщение на " + number}
	case stage.UnknownStatus:
		one = map[string]any{"status": "ERROR", "status_code": number3(rule.Code, strange), "status_text": number + ": " + text}
	}
	answer(w, ok, map[string]any{number: one})
}

// number3 reads a code of the script.
func number3(text string, otherwise int) int {
	n, _ := strconv.Atoi(text) // the script's author sees what is answered
	return cmp.Or(n, otherwise)
}

// act does to the books what the fault lets happen, and waits until it is on disk.
func (s *Server) act(id string, fault stage.Fault) (err error) {
	switch fault {
	case stage.Silent, stage.Error, stage.UnknownStatus: // nothing happens
	case stage.InProgress:
		_, err = s.books.Become(id, stage.Pending)
	case stage.Refuse:
		_, err = s.books.Become(id, stage.Refused)
	case stage.Fail:
		_, err = s.books.Become(id, stage.Failed)
	default:
		_, _, err = s.books.Execute(id)
	}
	if err != nil {
		return err
	}
	return s.books.Settle()
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("sms_id")
	p, known, err := s.books.Poll(id)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	code := notFound
	switch {
	case !known || p.Rule.Fault == stage.Lost || p.Status == stage.Unseen || p.Status == stage.Refused:
	case p.Status == stage.Failed:
		code = number3(p.Rule.Code, undelivers)
	case p.Status == stage.Executed && p.Rule.Fault == stage.Reordered && p.Gets <= 2:
		code = []int{onItsWay, handing}[p.Gets-1] // what comes first is said after what comes next
	case p.Status == stage.Executed:
		code = delivered
	default:
		code = ok
	}
	answer(w, ok, map[string]any{id: map[string]any{"status": "OK", "status_code": code}})
}

// answer writes the service's document; no messages are an empty list, as PHP writes them.
func answer(w http.ResponseWriter, code int, sms map[string]any) {
	document := map[string]any{"status": "OK", "status_code": code, "sms": []string{}}
	if code != ok {
		document["status"] = "ERROR"
	}
	if sms != nil {
		document["sms"] = sms
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(document) // the caller went away: nobody is left to be told
}
