package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/provodka/provodka/adapters/kafka"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// broker looks at the brokers and the topics; nil when they cannot be read further.
func (d *doctor) broker(ctx context.Context, f brokerFlags) *kafka.Log {
	_, findings, err := d.env.lookAtTopics(ctx, f)
	if err != nil {
		d.add(bad, "brokers", err.Error(), "give --brokers")
		return nil
	}
	for _, found := range findings {
		if found.OK {
			d.ok(found.Subject, "%s", found.Found)
		} else {
			d.add(bad, found.Subject, found.Found, found.Advice)
		}
	}
	log, err := d.env.openLog(ctx, f)
	if err != nil {
		return nil // one of the findings says why
	}
	return log
}

// shards looks at every shard of the installation.
func (d *doctor) shards(ctx context.Context, db *store.DB, log *kafka.Log) {
	states, err := db.Shards(ctx)
	if err != nil {
		d.add(bad, "shards", err.Error(), "see the database's log")
		return
	}
	if len(states) == 0 {
		d.add(note, "shards", "no server has run on this database yet", "start `provodka serve`")
		return
	}
	if log != nil && len(states) != log.Shards() {
		d.add(note, "shards", fmt.Sprintf("the database knows %d, the topics have %d partitions", len(states), log.Shards()),
			"wait until every shard has an owner; if none comes, this is another installation's database or broker")
	}
	d.processes(ctx, db)
	leases := map[int]store.Lease{}
	list, err := db.Leases(ctx)
	if err != nil {
		d.add(bad, "leases", err.Error(), "see the database's log")
	}
	for _, l := range list {
		leases[l.Shard] = l
	}
	clock, err := db.Clock(ctx)
	if err != nil {
		d.add(bad, "clock", err.Error(), "see the database's log")
		return
	}
	for _, state := range states {
		subject := fmt.Sprintf("shard %d", state.Shard)
		d.owner(subject, state, leases[state.Shard], clock)
		d.effects(ctx, subject, db, state.Shard, clock)
		d.asides(ctx, subject, db, state.Shard)
		d.audited(ctx, subject, db, state.Shard)
		d.closedAccounts(ctx, subject, db, state.Shard)
		if log != nil && state.Shard < log.Shards() {
			d.commands(ctx, subject, log, state, clock)
			d.events(ctx, subject, db, log, state)
		}
	}
}

// twinRecent is how long a process that was turned away is worth a person's look.
const twinRecent = time.Hour

// processes looks at who lives, and whether two programs wanted one name.
func (d *doctor) processes(ctx context.Context, db *store.DB) {
	list, err := db.Processes(ctx)
	if err != nil {
		d.add(bad, "processes", err.Error(), "see the database's log")
	}
	for _, p := range list {
		if p.TwinAt.IsZero() || d.env.Now().Sub(p.TwinAt) > twinRecent {
			continue
		}
		d.add(bad, "process "+p.ID, "another program under this name was turned away at "+p.TwinAt.UTC().Format(time.RFC3339),
			"give every process a name of its own: `process` in the configuration")
	}
}

func (d *doctor) owner(subject string, state store.ShardState, lease store.Lease, clock time.Time) {
	found := fmt.Sprintf("epoch %d, record %d", state.Epoch, state.Head.Seq)
	switch {
	case lease.Owner == "":
		d.add(bad, subject+" owner", "nobody; "+found, "start `provodka serve` with the engine's role: commands of this shard wait")
	case lease.Until.Before(clock):
		d.add(bad, subject+" owner", fmt.Sprintf("nobody: the lease of %s ran out %s ago; %s", lease.Owner, clock.Sub(lease.Until).Round(time.Second), found),
			"start `provodka serve`; if it runs, its log says why it does not take the shard")
	default:
		d.ok(subject+" owner", "%s, %s", lease.Owner, found)
	}
}

// asides names the messages between shards that could not be applied.
func (d *doctor) asides(ctx context.Context, subject string, db *store.DB, shard int) {
	list, err := engine.Asides(ctx, db, shard)
	if err != nil {
		d.add(bad, subject+" messages", err.Error(), "see the database's log")
	}
	for _, a := range list {
		d.add(bad, subject+" messages", fmt.Sprintf("message %d of shard %d was put aside: %q of %s with %s %s, book %s",
			a.Number, a.From, a.Kind, a.Account, a.Money, a.Asset, a.Book),
			"its money lies in the account's part transit; send this line and the server's log of it to us")
	}
}

// findingsShown bounds the auditor's findings of a shard that are named.
const findingsShown = 20

// audited names what the continuous auditor found, oldest first.
func (d *doctor) audited(ctx context.Context, subject string, db *store.DB, shard int) {
	subject += " audit"
	list, err := db.Findings(ctx, shard, findingsShown+1)
	if err != nil {
		d.add(bad, subject, err.Error(), "see the database's log")
		return
	}
	if len(list) == 0 {
		d.ok(subject, "the continuous auditor found nothing")
	}
	for i, f := range list {
		if i == findingsShown {
			d.add(bad, subject, "and more", "look into the table finding")
			break
		}
		d.add(bad, subject, fmt.Sprintf("record %d.%d, %s, %s: expected %s, found %s; book %s, accounts %s",
			shard, f.Seq, f.Place, f.What, f.Expected, f.Found, f.Book, orDash(strings.Join(f.Accounts, ", "))),
			"the event is kept in the table finding: run `provodka audit --dsn …` to see what else differs, restore what was changed "+
				"behind the books; only then `provodka account unfreeze` what was frozen for it")
	}
}

// inDoubtBad is how long the world may leave an effect unanswered before a person looks.
const inDoubtBad = 24 * time.Hour

// effects counts what the world has not answered.
func (d *doctor) effects(ctx context.Context, subject string, db *store.DB, shard int, clock time.Time) {
	open, inDoubt := 0, 0
	var oldest *journalv1.Effect
	for after := ""; ; {
		rows, err := db.OpenEffects(ctx, shard, after, 1000)
		if err != nil {
			d.add(bad, subject+" effects", err.Error(), "see the database's log")
			return
		}
		for _, r := range rows {
			after = r.Effect.GetAttempt()
			open++
			if r.Effect.GetState() != journalv1.EffectState_EFFECT_STATE_IN_DOUBT {
				continue
			}
			inDoubt++
			if oldest == nil || r.Effect.GetOpenedUs() < oldest.GetOpenedUs() {
				oldest = r.Effect
			}
		}
		if len(rows) < 1000 {
			break
		}
	}
	if oldest == nil {
		d.ok(subject+" effects", "%d open, none in doubt", open)
		return
	}
	age := clock.Sub(time.UnixMicro(oldest.GetOpenedUs())).Round(time.Second)
	found := fmt.Sprintf("%d open, %d in doubt; the oldest for %s: %s %s of %s %s, last status %q, attempt %s",
		open, inDoubt, age, oldest.GetPort(), oldest.GetVerb(), oldest.GetFlow(), oldest.GetId(), oldest.GetStatus(), oldest.GetAttempt())
	if age > inDoubtBad {
		d.add(bad, subject+" effects", found, "ask the partner about this attempt; it is asked again by itself and never sent twice")
		return
	}
	d.add(note, subject+" effects", found, "it is asked again by itself")
}

// commands looks at the shard's place in the command log and at what waits there.
func (d *doctor) commands(ctx context.Context, subject string, log *kafka.Log, state store.ShardState, clock time.Time) {
	subject += " commands"
	if state.Position.Offset > 0 && state.Position.TopicID == ([16]byte{}) {
		d.add(note, subject, fmt.Sprintf("at offset %d; rebuilt from events, and not joined with the command log yet", state.Position.Offset),
			"start `provodka serve`: it looks whether the commands fit before it goes on")
		return
	}
	reader, err := log.Read(ctx, state.Shard, port.LogPosition(state.Position))
	if err != nil {
		d.add(bad, subject, err.Error(), positionAdvice(err))
		return
	}
	defer reader.Close()
	waiting, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	records, err := reader.Poll(waiting, 1)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		d.ok(subject, "at offset %d, nothing waits", state.Position.Offset)
	case err != nil:
		d.add(bad, subject, err.Error(), positionAdvice(err))
	default:
		lag := int64(len(records)) + reader.Lag()
		found := fmt.Sprintf("at offset %d, records that wait: %d", state.Position.Offset, lag)
		ahead := records[0].Timestamp.Sub(clock)
		if ahead > maxAhead {
			d.add(bad, subject, fmt.Sprintf("%s; the next one is stamped %s ahead of the database's clock", found, ahead.Round(time.Second)),
				"correct the clock of the broker; the shard goes on when the time has come, or when a person gives the record up")
			return
		}
		if ahead > -justCame {
			d.ok(subject, "at offset %d, nothing waits longer than %s", state.Position.Offset, justCame)
			return
		}
		d.add(note, subject, found, "normal while a server works hard; if the number does not fall, see its log")
	}
}

// justCame is how old a record may be that nothing is said about: a shard that works has one every second.
const justCame = time.Second

// maxAhead is how far ahead of the database's clock a shard accepts a record.
const maxAhead = 10 * time.Second

// positionAdvice says what to do about a position that cannot be used.
func positionAdvice(err error) string {
	switch {
	case errors.Is(err, port.ErrTopicReplaced):
		return "the command topic was deleted and made again: commands acknowledged by the broker only are gone. " +
			"Restore the topic from its backup; never reset the position"
	case errors.Is(err, port.ErrOffsetGone):
		return "records were removed before they were read: set the topic's retention to unlimited, restore it from its backup; never reset the position"
	case errors.Is(err, port.ErrDataLoss):
		return "the topic lost records that were read (an unclean leader election?): restore it; the books themselves are whole"
	}
	return "see the brokers' log"
}

// events compares the journal with what was published.
func (d *doctor) events(ctx context.Context, subject string, db *store.DB, log *kafka.Log, state store.ShardState) {
	subject += " events"
	last, ok, err := eventTail(ctx, log, state.Shard)
	if err != nil {
		d.add(bad, subject, err.Error(), "see the brokers' log")
		return
	}
	if !ok {
		d.behind(subject, 0, state.Head.Seq)
		return
	}
	headers := map[string]string{}
	for _, h := range last.Headers {
		headers[h.Key] = string(h.Value)
	}
	tail, err := journal.ReadEvent(last.Value, headers)
	if err != nil {
		d.add(bad, subject, err.Error(), "run `provodka audit`: the event log is damaged, the shard stops at it")
		return
	}
	seq := tail.Record.GetSeq()
	if seq > state.Head.Seq {
		d.add(note, subject, fmt.Sprintf("the events reach record %d, the database only %d: it was put back to an earlier copy", seq, state.Head.Seq),
			"start the server: it folds the missing events in before it decides anything")
		return
	}
	hash, err := hashAt(ctx, db, state, seq)
	switch {
	case err != nil:
		d.add(bad, subject, err.Error(), "run `provodka audit --dsn …`: the journal in the database is damaged")
	case hash != tail.Hash:
		d.add(bad, subject, fmt.Sprintf("two histories: record %d has the hash %.16s in the database and %.16s in the events", seq, hash, tail.Hash),
			"the shard stands still, and must: find out which one was acknowledged to callers, restore the other from it")
	default:
		d.behind(subject, seq, state.Head.Seq)
	}
}

func (d *doctor) behind(subject string, published, head uint64) {
	if published == head {
		d.ok(subject, "published up to record %d, the journal's last", published)
		return
	}
	d.add(note, subject, fmt.Sprintf("published up to record %d of %d", published, head), "normal while a server works; if the number does not grow, see its log")
}

// hashAt computes the hash of a record from the segments around it.
func hashAt(ctx context.Context, db *store.DB, state store.ShardState, seq uint64) (journal.Hash, error) {
	segments, err := db.Segments(ctx, state.Shard, seq, 1)
	if err != nil || len(segments) == 0 {
		return journal.Hash{}, errors.Join(err, fmt.Errorf("record %d.%d is in no segment", state.Shard, seq))
	}
	head := journal.Head{Seq: segments[0].FirstSeq - 1}
	if head.Seq > 0 {
		before, err := db.Segments(ctx, state.Shard, head.Seq, 1)
		if err != nil || len(before) == 0 || before[0].LastSeq() != head.Seq {
			return journal.Hash{}, errors.Join(err, fmt.Errorf("record %d.%d is in no segment", state.Shard, head.Seq))
		}
		head.Hash = before[0].Head
	}
	raws, err := segments[0].Split()
	if err != nil {
		return journal.Hash{}, err
	}
	for _, raw := range raws {
		if head.Seq == seq {
			break
		}
		if _, err := head.Follow(uint32(state.Shard), raw); err != nil {
			return journal.Hash{}, err
		}
	}
	return head.Hash, nil
}
