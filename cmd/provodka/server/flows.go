package server

import (
	"fmt"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/closing"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/contact"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/feed"
	"github.com/provodka/provodka/engine/flow/incoming"
	"github.com/provodka/provodka/engine/flow/invitation"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/flow/login"
	"github.com/provodka/provodka/engine/flow/npd"
	"github.com/provodka/provodka/engine/flow/registration"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/engine/flow/sign"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/flow/taxpayer"
	"github.com/provodka/provodka/engine/flow/template"
	"github.com/provodka/provodka/engine/flow/user"
	"github.com/provodka/provodka/ledger/book"
)

// Flows are the product flows of this program, checked against the chart of
// accounts: a flow that books to a type which the chart lacks stops the start.
func Flows() (*flow.Registry, error) {
	r := flow.NewRegistry(
		closing.New(), company.New(), contact.New(), executor.New(), feed.New(), incoming.New(), invitation.New(), limit.New(), login.New(), npd.New(), registration.New(), remittance.New(), sign.New(), task.New(), taxpayer.New(), template.New(),
		user.New(),
	)
	for _, t := range r.AccountTypes() {
		if _, ok := book.LookupType(t); !ok {
			return nil, fmt.Errorf("a flow books to account type %q and ledger/book/chart.md has none", t)
		}
	}
	return r, nil
}
