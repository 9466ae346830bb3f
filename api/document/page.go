package document

import (
	_ "embed"

	"github.com/provodka/provodka/api/gate"
)

//go:embed sign.html
var signHTML string

// SignPath is where the links of those who sign lead. The page is the same for all: the
// secret stands behind #, and the page asks the service with it.
const SignPath = "/sign/"

// SignPage serves the page of a signing link.
var SignPage = gate.HTML(signHTML)
