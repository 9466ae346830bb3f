package register

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/api/task"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	registerv1 "github.com/provodka/provodka/proto/gen/provodka/register/v1"
)

// A register is imported in sets of lines: each becomes commands together, and what became
// of it is kept as a part of the register. A line's key is the register and its number, so
// a set that was made before is made again for nothing; its part spares even the asking.
const (
	bytesAtOnce = 1 << 20
	setsAtOnce  = 3 // of one import: one is read, others are stamped and decided meanwhile
)

// importing is a register on its way into the books.
type importing struct {
	*Service
	book, company, id string
	dryRun            bool
	file              port.Register
	tell              func(*registerResult) error // of each set, in the order of the file

	sets     int
	total    registerTally
	position gate.Position
}

// registerTally counts lines.
type registerTally struct {
	lines, created, replayed, refused uint32
	gross, net                        money.Amount
}

func (t *registerTally) message() *registerv1.RegisterTotals {
	return &registerv1.RegisterTotals{
		Lines: t.lines, Created: t.created, Replayed: t.replayed, Refused: t.refused,
		AmountGross: money.RUB.Format(t.gross), AmountNet: money.RUB.Format(t.net),
	}
}

// registerSet is some lines that follow each other.
type registerSet struct {
	part string // id of what is kept of it
	rows []*port.RegisterRow
	sum  []byte
}

// registerResult is what became of a set.
type registerResult struct {
	set      *registerSet
	lines    []*registerv1.LineResult
	part     *privatev1.RegisterPart
	outcomes []engine.Outcome
	err      error
}

// run imports the file. It stops at the first error; what was made stands, and the same
// file goes on where it stopped.
func (im *importing) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var queue []chan *registerResult
	defer func() {
		cancel()
		for _, waiting := range queue {
			<-waiting
		}
	}()
	im.position = gate.Position{}
	for {
		set, end := im.read()
		if len(set.rows) > 0 && (end == nil || end == io.EOF) { // what stands before a broken end comes again
			done := make(chan *registerResult, 1)
			queue = append(queue, done)
			go func() { done <- im.work(ctx, set) }()
		}
		for len(queue) > 0 && (len(queue) == setsAtOnce || end != nil) {
			result := <-queue[0]
			queue = queue[1:]
			if result.err != nil {
				return result.err
			}
			if err := im.count(result); err != nil {
				return err
			}
		}
		if end == io.EOF {
			return nil
		}
		if end != nil {
			return end
		}
	}
}

// read reads the next set; with the last comes io.EOF, or why there are no more.
func (im *importing) read() (*registerSet, error) {
	set := &registerSet{part: task.PartID(im.id, im.sets)}
	im.sets++
	sum, size := sha256.New(), 0
	for len(set.rows) < task.LinesAtOnce && size < bytesAtOnce {
		row, err := im.file.Next()
		if err != nil {
			set.sum = sum.Sum(nil)
			return set, err
		}
		size += len(row.Raw)
		var head [16]byte
		binary.BigEndian.PutUint64(head[:8], uint64(row.Number))
		binary.BigEndian.PutUint64(head[8:], uint64(len(row.Raw)))
		sum.Write(head[:])
		sum.Write([]byte(row.Raw))
		set.rows = append(set.rows, row)
	}
	set.sum = sum.Sum(nil)
	return set, nil
}

// work makes tasks of the good lines of a set and keeps what became of all.
func (im *importing) work(ctx context.Context, set *registerSet) *registerResult {
	ctx, cancel := context.WithTimeout(ctx, im.MaxTimeout())
	defer cancel()
	result := &registerResult{set: set, part: &privatev1.RegisterPart{Sha256: set.sum}}
	result.err = im.Recovered(ctx, func(ctx context.Context) error {
		kept, err := im.kept(ctx, set)
		if err != nil {
			return err
		}
		if err := im.make(ctx, result, kept); err != nil || im.dryRun {
			return err
		}
		return im.keep(ctx, result)
	})
	return result
}

// kept are the tasks of the set's lines, by number, as far as they were made before.
func (im *importing) kept(ctx context.Context, set *registerSet) (map[uint32]string, error) {
	part, ok, err := private.Only(im.Vault.RegisterParts(ctx, im.book, private.Ref{ID: set.part}))
	if err != nil || !ok || !bytes.Equal(part.Content.GetSha256(), set.sum) {
		return nil, err
	}
	tasks := map[uint32]string{}
	for _, l := range part.Content.GetLines() {
		if l.GetTaskId() != "" {
			tasks[l.GetLine()] = l.GetTaskId()
		}
	}
	return tasks, nil
}

// make makes the tasks, or says what would become of the lines.
func (im *importing) make(ctx context.Context, result *registerResult, kept map[uint32]string) error {
	var items []task.NewTask
	for _, row := range result.set.rows {
		if number := uint32(row.Number); len(row.Refusals) == 0 && kept[number] == "" {
			items = append(items, task.NewTask{Key: im.id + "." + strconv.Itoa(row.Number), Draft: lineDraft(row.RegisterLine), Register: im.id, Line: number})
		}
	}
	if len(items) > 0 {
		outcomes, err := im.tasks.Make(ctx, im.book, im.company, items, im.dryRun)
		if err != nil {
			return err
		}
		result.outcomes = outcomes
	}
	next := 0
	for _, row := range result.set.rows {
		line := &registerv1.LineResult{Line: uint32(row.Number), TaskId: kept[uint32(row.Number)], Replayed: true}
		refusals := row.Refusals
		if len(refusals) == 0 && line.GetTaskId() == "" {
			o := result.outcomes[next]
			next++
			switch {
			case o.Refusal == nil:
				line.TaskId, line.Replayed = o.Record.GetMove().GetId(), o.Replayed
			case o.Refusal.Code.Lookup().Retry == fault.RetrySame:
				return o.Refusal // nothing is lost: the same file goes on where it stopped
			default:
				refusals = []*fault.Refusal{columnRefusal(o.Refusal, row.Net)}
			}
		}
		im.add(result, row, line, refusals)
	}
	return nil
}

// add adds a line to the result.
func (im *importing) add(result *registerResult, row *port.RegisterRow, line *registerv1.LineResult, refusals []*fault.Refusal) {
	document := &privatev1.RegisterLine{Line: line.GetLine(), TaskId: line.GetTaskId()}
	if len(refusals) > 0 {
		line.Replayed = false
		for _, r := range refusals {
			line.Refusals = append(line.Refusals, gate.RefusalMessage(r))
			document.Refusals = append(document.Refusals, &privatev1.Refusal{Code: string(r.Code), Field: r.Field, Reason: r.Reason})
		}
		result.part.Errors = append(result.part.Errors, im.file.ErrorRow(row, refusals...)...)
	}
	if im.dryRun && !line.GetReplayed() { // it would be made
		line.TaskId = ""
	}
	result.lines = append(result.lines, line)
	result.part.Lines = append(result.part.Lines, document)
}

// keep writes what became of the set, when that changed.
func (im *importing) keep(ctx context.Context, result *registerResult) error {
	return gate.Again(func() error {
		before, _, err := private.Only(im.Vault.RegisterParts(ctx, im.book, private.Ref{ID: result.set.part}))
		if err != nil || before.Content != nil && proto.Equal(before.Content, result.part) {
			return err
		}
		draft := im.Vault.Draft(im.book)
		draft.RegisterPart(result.set.part, before.Version+1, result.part)
		return draft.Put(ctx)
	})
}

// count adds a set to the totals and tells of it.
func (im *importing) count(result *registerResult) error {
	t := &im.total
	for i, l := range result.lines {
		row := result.set.rows[i]
		t.lines++
		switch {
		case len(l.GetRefusals()) > 0:
			t.refused++
			continue
		case l.GetReplayed():
			t.replayed++
		default:
			t.created++
		}
		if row.Net {
			t.net = t.net.Add(row.Amount)
		} else {
			t.gross = t.gross.Add(row.Amount)
		}
	}
	if !im.dryRun {
		for _, o := range result.outcomes {
			if o.Record != nil {
				im.position.See(int(o.Record.GetShard()), o.Record.GetSeq())
			}
		}
	}
	return im.tell(result)
}

// begin opens the file and keeps, unless it is a dry run, that it is imported.
func (s *Service) begin(ctx context.Context, im *importing, own string, sha []byte, fileName string, from io.Reader) (private.Register, error) {
	var none private.Register
	if _, refusal, err := s.tasks.CompanyOf(ctx, im.book, im.company); err != nil || refusal != nil {
		return none, gate.OrRefusal(err, refusal)
	}
	im.Service, im.id = s, s.Vault.RegisterID(im.book, im.company, own)
	known, ok, err := private.Only(s.Vault.Registers(ctx, im.book, private.Ref{ID: im.id}))
	if err != nil {
		return none, err
	}
	if ok && !bytes.Equal(known.Content.GetSha256(), sha) {
		return none, fault.Refuse(fault.KeyReused, "name", "another file of the company has this name already")
	}
	if im.file, err = s.files.Open(from); err != nil {
		return none, fileError(err)
	}
	if ok || im.dryRun {
		return known, nil
	}
	draft := s.Vault.Draft(im.book)
	draft.Register(im.id, &privatev1.RegisterFile{CompanyId: im.company, FileName: fileName, Sha256: sha, ErrorHead: im.file.ErrorHead()})
	if err := draft.Put(ctx); err != nil && !gate.IsTaken(err) { // the same file, or another of the name, was faster
		return none, err
	}
	known, ok, err = private.Only(s.Vault.Registers(ctx, im.book, private.Ref{ID: im.id}))
	switch {
	case err != nil || !ok:
		return none, errors.Join(err, errors.New("the register was kept and is not there"))
	case !bytes.Equal(known.Content.GetSha256(), sha):
		return none, fault.Refuse(fault.KeyReused, "name", "another file of the company has this name already")
	}
	return known, nil
}

// fileError puts the place in a file under the request's field.
func fileError(err error) error {
	var r *fault.Refusal
	if !errors.As(err, &r) || r.Code != fault.FileEncoding && r.Code != fault.FileFormat {
		return err
	}
	return gate.FileRefusal(r)
}
