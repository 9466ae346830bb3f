package postback

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// ErrForbidden is an address that nothing is sent to.
var ErrForbidden = errors.New("postback: the address is not a public one")

// inner are the networks that belong to nobody in the public Internet, beside those
// that netip knows.
var inner = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10")

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

// Public says whether an address is one of the public Internet: not private, loopback,
// link-local (where clouds keep their metadata), shared, multicast or reserved.
func Public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || a.Zone() != "" || !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range inner {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// CheckURI refuses an address that nothing could be sent to; the words say why.
func CheckURI(text string, private bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return errors.New("it is no address of a server")
	case u.Scheme != "https" && (u.Scheme != "http" || !private):
		return errors.New("it does not begin with https://")
	case u.User != nil || u.Fragment != "":
		return errors.New("it names a user or a fragment")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !private && !Public(a) {
		return errors.New("it is not in the public Internet")
	}
	return nil
}

// timeout bounds one delivery as a whole.
const timeout = 10 * time.Second

// newClient makes a client that asks of every address, after names are resolved and
// before a byte is sent, whether it may be dialled. It knows no proxy and no cookies.
func newClient(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: timeout / 2, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrForbidden, err)
		}
		if !private && !Public(at.Addr()) {
			return ErrForbidden
		}
		return nil
	}}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: timeout / 2, ResponseHeaderTimeout: timeout,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 16 << 10, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
