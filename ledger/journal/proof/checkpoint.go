package proof

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/provodka/provodka/ledger/journal"
)

// Checkpoint is the head of a shard's tree. Its text is a C2SP tlog-checkpoint with two
// lines more:
//
//	example.org/ledger/shards/2                        origin: installation and shard
//	1042                                               records in the tree
//	CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=       root
//	head 1042 5f70bf18a086007016e948b04aed3b82103a36…  end of the hash chain
//	recorded 2026-11-22T10:00:00.123456Z               clock of the last record
//
// All of it follows from the journal, so a size has one checkpoint and no second one.
type Checkpoint struct {
	Installation string
	Shard        uint32
	Size         uint64
	Root         Hash
	Head         journal.Hash
	ClockUS      int64
}

const shardWord = "/shards/"

func (c Checkpoint) origin() string { return origin(c.Installation, c.Shard) }

func origin(installation string, shard uint32) string {
	return installation + shardWord + strconv.FormatUint(uint64(shard), 10)
}

// Text is what is signed.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\nhead %d %s\nrecorded %s\n", c.origin(), c.Size, c.Root, c.Size, c.Head,
		time.UnixMicro(c.ClockUS).UTC().Format(time.RFC3339Nano))
}

// parseText reads the text back; it takes no other form of it.
func parseText(text string) (Checkpoint, error) {
	var c Checkpoint
	bad := func(what, found string) (Checkpoint, error) {
		return c, differ("the checkpoint's "+what, "as a checkpoint of Provodka has it", strconv.Quote(found))
	}
	lines := strings.Split(text, "\n")
	if len(lines) != 6 || lines[5] != "" {
		return bad("text", text)
	}
	at := strings.LastIndex(lines[0], shardWord)
	if at <= 0 {
		return bad("origin", lines[0])
	}
	shard, err := strconv.ParseUint(lines[0][at+len(shardWord):], 10, 16)
	if err != nil {
		return bad("origin", lines[0])
	}
	c.Installation, c.Shard = lines[0][:at], uint32(shard)
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 1 {
		return bad("size", lines[1])
	}
	c.Size = uint64(size)
	if c.Root, err = tlog.ParseHash(lines[2]); err != nil {
		return bad("root", lines[2])
	}
	words := strings.Split(lines[3], " ")
	raw, err := hex.DecodeString(words[len(words)-1])
	if err != nil || len(raw) != len(c.Head) {
		return bad("head", lines[3])
	}
	c.Head = journal.Hash(raw)
	moment, err := time.Parse(time.RFC3339Nano, strings.TrimPrefix(lines[4], "recorded "))
	if err != nil {
		return bad("moment", lines[4])
	}
	c.ClockUS = moment.UnixMicro()
	if c.Text() != text {
		return bad("text", text)
	}
	return c, nil
}

// Peek reads a signed checkpoint without asking who signed it: for whoever makes a proof.
// Whoever is given one uses Keys.Open.
func Peek(signed []byte) (Checkpoint, error) {
	text, _, ok := strings.Cut(string(signed), "\n\n")
	if !ok {
		return Checkpoint{}, differ("the checkpoint", "a signed note", strconv.Quote(fmt.Sprintf("%.60s", signed)))
	}
	return parseText(text + "\n")
}

// Prove makes the proof of one record under the checkpoint.
func (c Checkpoint) Prove(seq uint64, raw []byte, tiles Tiles) (Record, error) {
	path, err := ProveInclusion(c.Size, seq, tiles)
	if err != nil {
		return Record{}, err
	}
	return Record{Seq: seq, Bytes: raw, Path: path}, checkInclusion(c, seq, raw, path)
}
