package port

import (
	"context"
	"time"

	"github.com/provodka/provodka/ledger/money"
)

// Standing is how a person stands at the tax service.
type Standing struct {
	Registered  bool     // on NPD
	Bound       bool     // bound to us
	Permissions []string // what the person lets us do, the service's words
	Code        string   // the service's own code, "" when none
	Phone       string   // the person's own there, in the service's form; "" when it does not say
}

// BindRequest asks a person to let us act. By phone when Phone is set.
type BindRequest struct {
	INN         string // 12 digits
	Phone       string // +7XXXXXXXXXX
	Permissions []string
}

// Leaver is somebody who took the binding to us back.
type Leaver struct {
	INN string
	At  time.Time // when
}

// INNChange is a person whose INN became another.
type INNChange struct{ Previous, INN string }

// NPD is the tax service as the partner of people on NPD.
type NPD interface {
	// Bind asks the person. Done with an order = the person has the request; Done with a
	// standing = bound already, with all that was wanted; Refused = the service does not
	// take the request, with a standing when it says that the person is not on NPD. Asking
	// twice puts two requests before the person and harms nothing else.
	Bind(ctx context.Context, r BindRequest) (order string, s *Standing, a Answer)
	// Bound asks what became of an order about the person of an INN. Done with a standing =
	// yes; Done without = not answered yet; Refused = no, or ended without an answer. Whoever
	// answered under another INN is unbound again, and that is Refused; with inn "" whoever it is.
	Bound(ctx context.Context, order, inn string) (*Standing, Answer)
	// Standing asks how the person stands. Done = the service has said it, whatever it is;
	// anything else is Unknown.
	Standing(ctx context.Context, inn string) (*Standing, Answer)
	// Earned asks how much is registered of each month of a calendar year from one to another, 1 to 12, by anybody,
	// without what was taken back. Done = all of them, in their order; Refused with income_denied = the
	// person does not let us see it; else Unknown.
	Earned(ctx context.Context, inn string, year, from, to int) ([]money.Amount, Answer)
	// Unbind takes our binding to the person of an INN back. Done = we are not bound, also when
	// we were not before; anything else is Unknown.
	Unbind(ctx context.Context, inn string) Answer
	// Leavers lists who took the binding back in [from, to), at most limit from offset on.
	Leavers(ctx context.Context, from, to time.Time, offset, limit int) (list []Leaver, more bool, a Answer)
	// INNChanges lists changed INN, at most limit from offset on; next is the offset behind
	// the last.
	INNChanges(ctx context.Context, offset int64, limit int) (list []INNChange, next int64, a Answer)
}

// NPDStatus is the tax service's public list of people on NPD.
type NPDStatus interface {
	// Listed asks whether a person is on NPD on a day, YYYY-MM-DD. Done = yes, Refused with
	// not_found = no; anything that is not an answer is Unknown, never Refused.
	Listed(ctx context.Context, inn, day string) Answer
}
