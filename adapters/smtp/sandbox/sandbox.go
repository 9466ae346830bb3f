package sandbox

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/provodka/provodka/engine/port/stage"
)

// Options of the sandbox; all have defaults.
type Options struct {
	User, Password string           // who is let in; "" lets anybody in
	TLS            *tls.Config      // offers STARTTLS; nil offers none
	Script         stage.Script     // played from the start, unless the books remember another
	Now            func() time.Time // time.Now by default
}

// Server is the relay. It is an http.Handler for its books; Serve speaks SMTP.
type Server struct {
	o     Options
	books *stage.Books
	mux   *http.ServeMux
	smtp  *smtp.Server
}

var played = []stage.Fault{
	stage.Slow, stage.Silent, stage.SilentApplied, stage.Error, stage.ErrorApplied, stage.Refuse, stage.UnknownStatus,
}

// Faults are those that the relay plays.
func Faults() []stage.Fault { return slices.Clone(played) }

// Operations are the words of rules that strike something else than a message.
func Operations() []string { return []string{opRcpt} }

// opRcpt is the operation of a relay that is told whom a message is for.
const opRcpt = "rcpt"

// New opens the books in dir, or begins them.
func New(dir string, o Options) (*Server, error) {
	now := o.Now
	if now == nil {
		now = time.Now
	}
	books, err := stage.Open(dir, stage.Options{Script: o.Script, Supported: played, Now: now})
	if err != nil {
		return nil, fmt.Errorf("smtp sandbox: %w", err)
	}
	s := &Server{o: o, books: books, mux: http.NewServeMux()}
	books.Routes(s.mux)
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c}, nil }))
	s.smtp.Domain, s.smtp.TLSConfig, s.smtp.AllowInsecureAuth = "sandbox", o.TLS, o.TLS == nil
	s.smtp.ErrorLog = log.New(io.Discard, "", 0)
	s.smtp.ReadTimeout, s.smtp.MaxMessageBytes = time.Minute, 1<<20
	return s, nil
}

// Serve speaks SMTP until Close.
func (s *Server) Serve(l net.Listener) error { return s.smtp.Serve(l) }

// Close ends silences, hangs up and closes the books.
func (s *Server) Close() error { return errors.Join(s.books.Close(), s.smtp.Close()) }

// ServeHTTP implements http.Handler: the books and the script.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// session is one connection.
type session struct {
	server *Server
	conn   *smtp.Conn
	known  bool
	to     string
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if s.server.o.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth implements smtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.o.User || password != s.server.o.Password {
			return smtp.ErrAuthFailed
		}
		s.known = true
		return nil
	}), nil
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.to = "" }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

// Mail implements smtp.Session.
func (s *session) Mail(string, *smtp.MailOptions) error {
	if s.server.o.User != "" && !s.known {
		return smtp.ErrAuthRequired
	}
	return nil
}

// Rcpt implements smtp.Session: rules of opRcpt strike here, greylisting among them.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	rule := s.server.books.Behave(stage.Subject{Op: opRcpt, ID: to, Account: to})
	switch rule.Fault {
	case stage.Error, stage.ErrorApplied:
		return reply(rule, 450, "greylisted, try again: "+to)
	case stage.Refuse:
		return reply(rule, 550, "no such user: "+to)
	}
	s.to = to
	return nil
}

// reply is a code of the script, or another one.
func reply(rule stage.Rule, otherwise int, words string) error {
	code, _ := strconv.Atoi(rule.Code) // the script's author sees what is answered
	return &smtp.SMTPError{Code: cmp.Or(code, otherwise), EnhancedCode: smtp.NoEnhancedCode, Message: cmp.Or(rule.Message, words)}
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	subject, digest, err := s.read(r)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.NoEnhancedCode, Message: err.Error()}
	}
	books := s.server.books
	booked, err := books.Post(subject, digest)
	if err != nil {
		return err
	}
	fault := booked.Fault()
	switch fault {
	case stage.Silent, stage.Error, stage.UnknownStatus, stage.Refuse:
	default:
		_, _, err = books.Execute(subject.ID)
	}
	if err == nil {
		err = books.Settle()
	}
	if err != nil {
		return err
	}
	switch fault {
	case stage.Silent, stage.SilentApplied:
		s.wait(booked.Rule, booked.Rule.DelayMS == 0)
		_ = s.conn.Conn().Close() // not a word more
		return errors.New("silent")
	case stage.Slow:
		s.wait(booked.Rule, false)
	case stage.Error, stage.ErrorApplied:
		return reply(booked.Rule, 451, "local error, try again: "+s.to)
	case stage.UnknownStatus:
		return reply(booked.Rule, 599, "strange: "+s.to)
	case stage.Refuse:
		return reply(booked.Rule, 554, "refused: "+s.to)
	}
	return nil
}

// wait waits for the rule's delay, or for ever, but not longer than the sandbox.
func (s *session) wait(rule stage.Rule, forever bool) {
	var over <-chan time.Time
	if !forever {
		timer := time.NewTimer(rule.Delay())
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-s.server.books.Closed():
	}
}

// read takes a message apart as a mail program does.
func (s *session) read(r io.Reader) (stage.Subject, string, error) {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return stage.Subject{}, "", errors.New("no message")
	}
	title, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return stage.Subject{}, "", errors.New("the subject cannot be read")
	}
	body := m.Body
	if m.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(m.Body)
	}
	text, err := io.ReadAll(body)
	id := strings.Trim(m.Header.Get("Message-ID"), "<>")
	if err != nil || id == "" || m.Header.Get("Date") == "" {
		return stage.Subject{}, "", errors.New("the text, Message-ID or Date is missing")
	}
	sum := sha256.Sum256(text)
	plain := strings.TrimSuffix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	return stage.Subject{ID: id, Account: s.to, Purpose: plain, Detail: map[string]string{"subject": title, "from": m.Header.Get("From")}},
		hex.EncodeToString(sum[:]), nil
}
