package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Device is where push messages reach a person.
type Device struct {
	Book    string
	ID      string // keyed hash of the token
	Member  string // the person
	Session string // that noted it
	Created time.Time
	Token   []byte // sealed
}

// MostDevices is how many devices of one person are kept.
const MostDevices = 10

// PutDevice notes a device of a person, and forgets the oldest beyond MostDevices. A device
// that was somebody else's is this person's from now on.
func (db *DB) PutDevice(ctx context.Context, d Device) error {
	err := db.Write(ctx, func(tx pgx.Tx) error {
		return pipeline(ctx, tx, func(b *pgx.Batch) {
			b.Queue(sqlDevicePut, d.Book, d.ID, d.Member, d.Session, d.Created, d.Token)
			b.Queue(sqlDevicePrune, d.Book, d.Member, MostDevices)
		})
	})
	if err != nil {
		return fmt.Errorf("write device %s: %w", d.ID, err)
	}
	return nil
}

// Devices lists the devices of people.
func (db *DB) Devices(ctx context.Context, book string, members ...string) ([]Device, error) {
	return collect(ctx, db, "devices", func(rows pgx.Rows) (d Device, err error) {
		err = rows.Scan(&d.Book, &d.ID, &d.Member, &d.Session, &d.Created, &d.Token)
		return d, err
	}, sqlDeviceOf, book, members)
}

// DeleteDevice forgets a device of a person, unless it was noted anew since; false when
// there is none such.
func (db *DB) DeleteDevice(ctx context.Context, d Device) (bool, error) {
	return db.writeThere(ctx, sqlDeviceDelete, d.Book, d.ID, d.Member, d.Created)
}

// ForgetDevices forgets the devices of a person that a session noted; "" = all.
func (db *DB) ForgetDevices(ctx context.Context, book, member, session string) error {
	return db.writeOne(ctx, sqlDeviceForget, book, member, session)
}

// AnyDevice says whether anybody has a device.
func (db *DB) AnyDevice(ctx context.Context) (bool, error) {
	found, err := collect(ctx, db, "any device", scanSeq, sqlDeviceAny)
	return len(found) > 0, err
}

func scanSeq(rows pgx.Rows) (seq int64, err error) {
	err = rows.Scan(&seq)
	return seq, err
}

// HoldPushed takes the messages of a shard for a holder until a moment, and says after
// which record they go on; false when somebody else is at them. Those of a shard that never
// had any begin at head.
func (db *DB) HoldPushed(ctx context.Context, shard int, head uint64, holder string, now, until time.Time) (seq uint64, ours bool, err error) {
	if err := db.writeOne(ctx, sqlPushedBegin, int16(shard), int64(head), now); err != nil {
		return 0, false, fmt.Errorf("begin the messages of shard %d: %w", shard, err)
	}
	at, err := db.pushed(ctx, sqlPushedHold, int16(shard), holder, now, until)
	if err != nil || len(at) == 0 {
		return 0, false, err
	}
	return uint64(at[0]), true, nil
}

// SavePushed notes up to which record the messages of a shard are sent; false when somebody
// else is at them.
func (db *DB) SavePushed(ctx context.Context, shard int, seq uint64, holder string, until time.Time) (bool, error) {
	at, err := db.pushed(ctx, sqlPushedSave, int16(shard), holder, int64(seq), until)
	return len(at) > 0, err
}

// pushed writes one row and reads it back.
func (db *DB) pushed(ctx context.Context, statement string, args ...any) (at []int64, err error) {
	err = db.Write(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, statement, args...)
		if err != nil {
			return err
		}
		at, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("where the messages to devices are: %w", err)
	}
	return at, nil
}
