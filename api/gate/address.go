package gate

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/flow/secret"
	"github.com/provodka/provodka/ledger/fault"
)

// addressOf is where a call comes from: whoever is connected, or, when that is a proxy of
// ours, the last one in X-Forwarded-For who is none.
func (g *Gate) addressOf(r *http.Request) string {
	at := parseAddress(r.RemoteAddr)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && g.isProxy(at); i-- {
		said := parseAddress(strings.TrimSpace(hops[i]))
		if !said.IsValid() {
			break
		}
		at = said
	}
	if !at.IsValid() {
		return ""
	}
	return at.String()
}

func (g *Gate) isProxy(at netip.Addr) bool {
	return slices.ContainsFunc(g.cfg.Proxies, func(p netip.Prefix) bool { return p.Contains(at) })
}

func parseAddress(text string) netip.Addr {
	if both, err := netip.ParseAddrPort(text); err == nil {
		return both.Addr().Unmap()
	}
	at, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return at.Unmap()
}

// Neighbours is the address, or the network that one person has of IPv6.
func Neighbours(address string) string {
	at := parseAddress(address)
	if !at.Is6() {
		return address
	}
	network, err := at.Prefix(64)
	if err != nil {
		return address
	}
	return network.String()
}

// Limits bound how often something is tried by one address, and how often a device that
// nobody knows tries one person's password. They are of this process: behind the log's own
// counting they only keep work away, and never from a device that is known.
type Limits struct{ Address, Person *Limiter }

func newLimits(now func() time.Time) Limits {
	return Limits{Address: NewLimiter(now, 30, 2*time.Second), Person: NewLimiter(now, 10, 6*time.Second)}
}

// Admit takes one try of an address, and one of a person's password if one is named, or
// says when the next one may come. The answer does not depend on whether there is such a
// person.
func (l Limits) Admit(address, person string) *fault.Refusal {
	if refusal := tooOften(l.Address.Take(Neighbours(address))); refusal != nil || person == "" {
		return refusal
	}
	return l.AdmitPerson(person)
}

// AdmitPerson takes one try of a person who has shown already who he is.
func (l Limits) AdmitPerson(person string) *fault.Refusal { return tooOften(l.Person.Take(person)) }

func tooOften(after time.Time, ok bool) *fault.Refusal {
	if ok {
		return nil
	}
	return fault.Refuse(fault.TooOften, "", "too many tries; the next one may come at %s", after.Format(time.RFC3339)).
		With(secret.FactAfter, after.Format(time.RFC3339))
}
