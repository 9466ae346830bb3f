package port

import (
	"net/http"
	"net/netip"
)

// Hint is what a callback says of an attempt. It is never believed: it makes us ask.
type Hint struct {
	Attempt string
	Says    Result // Done or Refused; "" when the callback does not say
}

// Callbacks reads what a provider calls back. It is safe for concurrent use.
type Callbacks interface {
	// Admits says whether a request comes from the provider, by where it comes from and by its
	// headers. It tells nothing by how long it takes.
	Admits(from netip.Addr, header http.Header) bool
	// Hints reads which attempts a body is about, none when it is about something else; an
	// error when it cannot be read. The error's text has nothing of the body.
	Hints(body []byte) ([]Hint, error)
}
