package gate

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/provodka/provodka/ledger/fault"
)

// Call is what is known of the call being served.
type Call struct {
	RequestID string
	Who       Principal
	method    string // "provodka.ledger.v1.LedgerService/Post"
	product   bool   // came by the product's own API
	Address   string // the network address of who calls
	program   string // what calls, as it names itself
	Token     string // of a public method: what the caller showed instead of a key
	start     time.Time
	patience  func(time.Duration) // how long its answer may be written
	admitted  bool                // the gate let it in
	noted     bool                // it has its line in the log

	mu       sync.Mutex // a call may do parts of its work side by side
	commands []string   // ids on the command log, the first few
	parts    []fault.Code
}

type callKey struct{}

// CallOf is the call of a context; an empty one outside of any.
func CallOf(ctx context.Context) *Call {
	if c, ok := ctx.Value(callKey{}).(*Call); ok {
		return c
	}
	return &Call{}
}

func withCall(ctx context.Context, c *Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// InsideStatement is who the journal says has sent the lines of statements that the bank told.
const InsideStatement = "bank_statement"

// Inside is the context of work that no call asked for; the journal says that actor did it.
func Inside(ctx context.Context, actor string) context.Context {
	return withCall(ctx, &Call{Who: Principal{ID: actor}, method: actor})
}

// maxCommands bounds the commands that a log line names.
const maxCommands = 8

// ran notes a command for the log.
func (c *Call) ran(command string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if command != "" && len(c.commands) < maxCommands && !slices.Contains(c.commands, command) {
		c.commands = append(c.commands, command)
	}
}

// refused notes the refusal of a part of the call for the metrics.
func (c *Call) refused(r *fault.Refusal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts = append(c.parts, r.Code)
}

// maxUserAgent bounds what is kept of a program's own words.
const maxUserAgent = 512

// UserAgent is the program that calls, as it names itself.
func (c *Call) UserAgent() string { return printable(c.program) }

// printable bounds a text of a stranger.
func printable(agent string) string {
	return strings.ToValidUTF8(agent[:min(len(agent), maxUserAgent)], "?")
}
