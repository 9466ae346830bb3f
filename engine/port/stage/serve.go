package stage

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Books as they are served.
type Report struct {
	Payments []Payment `json:"payments"`
	// Business are the payments by payee's account, amount and purpose: the same
	// business payment under two ids is executed twice, and only this shows it.
	Business []Business `json:"business"`
}

// Business is what was executed to one account with one amount and purpose.
type Business struct {
	Account       string   `json:"account"`
	Amount        string   `json:"amount"`
	Purpose       string   `json:"purpose"`
	ExecutedCount int      `json:"executed_count"`
	IDs           []string `json:"ids"`
}

// Report makes the books as they are now.
func (b *Books) Report() Report {
	r := Report{Payments: b.Payments(), Business: []Business{}}
	at := map[[3]string]int{}
	for _, p := range r.Payments {
		key := [3]string{p.Account, p.Amount, p.Purpose}
		i, known := at[key]
		if !known {
			i = len(r.Business)
			at[key] = i
			r.Business = append(r.Business, Business{Account: p.Account, Amount: p.Amount, Purpose: p.Purpose})
		}
		r.Business[i].ExecutedCount += p.ExecutedCount
		r.Business[i].IDs = append(r.Business[i].IDs, p.ID)
	}
	slices.SortStableFunc(r.Business, func(a, b Business) int {
		return strings.Compare(a.Account+a.Purpose+a.Amount, b.Account+b.Purpose+b.Amount)
	})
	return r
}

// Word is what POST /sandbox/word takes: what the partner says of a payment from now on.
type Word struct {
	ID    string `json:"id"`
	State State  `json:"state"`
}

// Routes adds GET /sandbox/books, GET /sandbox/struck (how often each rule was taken since the
// start), GET and POST /sandbox/script and POST /sandbox/word to the mux.
func (b *Books) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /sandbox/books", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, b.Report()) })
	mux.HandleFunc("GET /sandbox/struck", func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		struck := slices.Clone(b.play.struck)
		b.mu.Unlock()
		writeJSON(w, struck)
	})
	mux.HandleFunc("GET /sandbox/script", func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		script := b.play.script
		b.mu.Unlock()
		writeJSON(w, script)
	})
	mux.HandleFunc("POST /sandbox/script", func(w http.ResponseWriter, r *http.Request) {
		var script Script
		b.Order(w, r, &script, func() error { return b.SetScript(script) })
	})
	mux.HandleFunc("POST /sandbox/word", func(w http.ResponseWriter, r *http.Request) {
		var word Word
		b.Order(w, r, &word, func() error { return b.Change(word.ID, word.State) })
	})
}

// Order reads what a test wants of the sandbox, does it, and answers when it is on disk.
func (b *Books) Order(w http.ResponseWriter, r *http.Request, into any, do func() error) {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 8<<20))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		err = do()
	}
	if err == nil {
		err = b.Settle()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v) // the caller went away: nobody is left to be told
}

// Hang keeps silent until the caller goes away, the sandbox closes or the delay
// (0: none) is over, and then drops the connection without an answer.
func (b *Books) Hang(r *http.Request, delay time.Duration) {
	b.Linger(r, delay, delay == 0)
	panic(http.ErrAbortHandler)
}

// Linger waits for the delay, or for ever, but not longer than the caller and the sandbox.
func (b *Books) Linger(r *http.Request, delay time.Duration, forever bool) {
	var over <-chan time.Time
	if !forever {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-r.Context().Done():
	case <-b.closed:
	}
}
