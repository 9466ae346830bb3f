package document

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"
)

//go:embed sign.html
var signHTML string

// SignPath is where the links of those who sign lead. The page is the same for all: the
// secret stands behind #, and the page asks the service with it.
const SignPath = "/sign/"

// signPolicy lets the page run its own script and talk to us, and nothing else.
var signPolicy = func() string {
	_, script, _ := strings.Cut(signHTML, "<script>")
	script, _, _ = strings.Cut(script, "</script>")
	sum := sha256.Sum256([]byte(script))
	return "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; frame-src blob:; object-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src 'sha256-" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

// SignPage serves the page of a signing link.
func SignPage(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", signPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(signHTML)) // who is gone reads nothing
}
