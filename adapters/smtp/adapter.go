package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/mail"
	"net/smtp"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/port"
)

// Options of the adapter. Addr and From are required.
type Options struct {
	Addr     string // of the relay, host:port; port 465 speaks TLS from the first byte
	From     string // "Проводка <no-reply@example.ru>"
	User     string // "" does not log in
	Password string
	Plain    bool          // allows a relay without TLS: for a sandbox on loopback
	TLS      *tls.Config   // roots; nil is the system's
	Timeout  time.Duration // of one message, 30 s by default; the context may be shorter
	Now      func() time.Time
}

// implicitPort is the port of TLS from the first byte (RFC 8314).
const implicitPort = "465"

// Adapter hands mail to a relay, each message over a connection of its own. It is safe for
// concurrent use.
type Adapter struct {
	o      Options
	host   string
	port   string
	sender mail.Address
}

var _ port.Notifier = (*Adapter)(nil)

// New makes the adapter; it makes no connection.
func New(o Options) (*Adapter, error) {
	host, number, err := net.SplitHostPort(o.Addr)
	if err != nil || host == "" || number == "" {
		return nil, errors.New("smtp: Addr is not host:port")
	}
	sender, err := mail.ParseAddress(o.From)
	if err != nil {
		return nil, errors.New("smtp: From is not a mail address")
	}
	if (o.User == "") != (o.Password == "") {
		return nil, errors.New("smtp: User and Password are given together or not at all")
	}
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Adapter{o, host, number, *sender}, nil
}

// Notify hands a message to the relay.
func (a *Adapter) Notify(ctx context.Context, n port.Notice) port.Answer {
	if refusal := n.Check(); refusal != nil {
		return port.Unsent(refusal)
	}
	message, err := compose(a.sender, n, a.o.Now())
	if err != nil {
		return port.Unclear("not sent: the message cannot be written")
	}
	ctx, cancel := context.WithTimeout(ctx, a.o.Timeout)
	defer cancel()
	return understand(a.deliver(ctx, n.To, message))
}

// deliver goes through the steps and says at which one it ended.
func (a *Adapter) deliver(ctx context.Context, to string, message []byte) (step, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", a.o.Addr)
	if err != nil {
		return dial, err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // ends every read and write of a relay that keeps silent
	defer conn.Close()                                          //nolint:errcheck // what was answered was answered
	if a.port == implicitPort {
		conn = tls.Client(conn, a.tls())
	}
	c, err := smtp.NewClient(conn, a.host)
	if err != nil {
		return greet, err
	}
	if at, err := a.prepare(c); err != nil {
		return at, err
	}
	if err := c.Mail(a.sender.Address); err != nil {
		return from, err
	}
	if err := c.Rcpt(to); err != nil {
		return rcpt, err
	}
	w, err := c.Data()
	if err != nil {
		return data, err
	}
	if _, err := w.Write(message); err != nil {
		return data, err
	}
	if err := w.Close(); err != nil {
		return data, err
	}
	_ = c.Quit() // it has the message; how it says goodbye changes nothing
	return data, nil
}

// errNoTLS says that the relay would have read the message in the open.
var errNoTLS = errors.New("the relay offers no STARTTLS")

// prepare makes the connection private and logs in.
func (a *Adapter) prepare(c *smtp.Client) (step, error) {
	_, domain, _ := strings.Cut(a.sender.Address, "@")
	if err := c.Hello(domain); err != nil {
		return greet, err
	}
	if a.port != implicitPort {
		switch offered, _ := c.Extension("STARTTLS"); {
		case offered:
			if err := c.StartTLS(a.tls()); err != nil {
				return crypt, err
			}
		case !a.o.Plain:
			return crypt, errNoTLS
		}
	}
	if a.o.User == "" {
		return greet, nil
	}
	return auth, c.Auth(smtp.PlainAuth("", a.o.User, a.o.Password, a.host))
}

func (a *Adapter) tls() *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.o.TLS != nil {
		config = a.o.TLS.Clone()
	}
	config.ServerName = cmp.Or(config.ServerName, a.host)
	return config
}
