package invitation

import (
	_ "embed"

	"github.com/provodka/provodka/api/gate"
)

//go:embed join.html
var joinHTML string

// JoinPath is where invitations lead: the book and the invitation follow, the secret stands
// behind #, and the page asks the service with it.
const JoinPath = "/join/"

// JoinPage serves the page of an invitation.
var JoinPage = gate.HTML(joinHTML)
