package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

const (
	// rejoinRecords is how many of the last records may have been made by another
	// command than the one at their offset: an operation that was parked is named by its
	// own command, not by the one that let it go on.
	rejoinRecords = 64
	// rejoinPatience is how long a command that must be there may take to be read.
	rejoinPatience = 10 * time.Second
)

// rejoin finds the place in the command log of a shard whose database was made from
// events alone. An offset says nothing without the topic that it is of, so a command
// that made one of the last records must stand where the record says that it stood.
func (s *shard) rejoin(ctx context.Context, w *writer) error {
	if w.position.TopicID != ([16]byte{}) || w.position.Offset == 0 {
		return nil
	}
	w.position.TopicID = s.engine.cfg.Commands.TopicID()
	head := w.committed.head.Seq
	var offset int64 = -1
	for seq := head; seq > 0 && head-seq < rejoinRecords; seq-- {
		raw, ok, err := s.engine.cfg.DB.Record(ctx, s.number, seq)
		rec := new(journalv1.Record)
		if err = errors.Join(err, proto.Unmarshal(raw, rec)); err != nil || !ok {
			return fmt.Errorf("read record %d.%d (it is there: %v): %w", s.number, seq, ok, err)
		}
		if rec.GetOffset() == offset && rec.GetCommand() == "" {
			continue
		}
		offset = rec.GetOffset()
		found, err := s.commandAt(ctx, offset)
		switch {
		case errors.Is(err, port.ErrOffsetGone):
			s.engine.cfg.Logger.WarnContext(ctx, "the command log no longer holds the last decided commands: its topic is taken on trust",
				"shard", s.number, "offset", offset)
			return nil
		case err != nil:
			return err
		case found == rec.GetCommand():
			return nil
		}
	}
	return fmt.Errorf("%w: offset %d of shard %d and those before it hold other commands than the journal says",
		port.ErrTopicReplaced, w.position.Offset-1, s.number)
}

// commandAt is the id of the command at an offset, "" when it cannot be read.
func (s *shard) commandAt(ctx context.Context, offset int64) (string, error) {
	log := s.engine.cfg.Commands
	reader, err := log.Read(ctx, s.number, port.LogPosition{Offset: offset, LeaderEpoch: unknownEpoch, TopicID: log.TopicID()})
	if err != nil {
		return "", fmt.Errorf("look at the command at offset %d: %w", offset, err)
	}
	defer reader.Close()
	ctx, cancel := context.WithTimeout(ctx, rejoinPatience)
	defer cancel()
	records, err := reader.Poll(ctx, 1)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "", fmt.Errorf("%w: nothing stands at offset %d, where a decided command stood", port.ErrDataLoss, offset)
	case err != nil:
		return "", fmt.Errorf("look at the command at offset %d: %w", offset, err)
	case records[0].Offset != offset:
		return "", fmt.Errorf("%w: offset %d was asked for, %d is the next", port.ErrDataLoss, offset, records[0].Offset)
	}
	return decode(records[0], nil).command.GetId(), nil
}
