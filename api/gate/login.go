package gate

import (
	"context"
	"time"

	"github.com/provodka/provodka/ledger/fault"
)

// evenly is the step of the time that a refusal to strangers takes: within it nothing is
// told by how long somebody was looked for.
const evenly = 250 * time.Millisecond

// RefuseLogin is the one answer to whatever is wrong with a login. That the house cannot
// answer is told as it is.
func (g *Gate) RefuseLogin(ctx context.Context, start time.Time, field string, err error) error {
	if refusal, _ := RefusalOf(err); err != nil && (refusal == nil || refusal.Code.Lookup().Kind == fault.Busy) {
		return err
	}
	g.CountLogin("refused")
	g.Even(ctx, start)
	return fault.Refuse(fault.LoginRefused, field, "the address or the password is wrong, or there were too many tries")
}

// Even waits for the next whole step since the start.
func (g *Gate) Even(ctx context.Context, start time.Time) {
	took := g.Now().Sub(start)
	timer := time.NewTimer(evenly - took%evenly)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// CountLogin counts a password or a code that was looked at.
func (g *Gate) CountLogin(result string) { g.metrics.logins.WithLabelValues(result).Inc() }
