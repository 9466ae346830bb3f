package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/provodka/provodka/ledger/store"
)

// grownBooks is what a directory keeps of books that have grown, beside their database
// and their log: what was acknowledged. The file is away while they change.
type grownBooks struct {
	Accounts      int
	Debit, Credit []int64
	Bank          int64
	Operations    int
	Entries       int
}

func (h *house) keptFile() string { return filepath.Join(h.lab.dir, h.name+".json") }

// openGrown opens the books that were kept, or grows new ones.
func (l *lab) openGrown(ctx context.Context, shards int) (*growing, error) {
	g := &growing{names: newNames(l.accounts), house: &house{lab: l, name: fmt.Sprintf("grown%d", shards)}}
	var was grownBooks
	content, err := os.ReadFile(g.keptFile())
	if err == nil {
		err = json.Unmarshal(content, &was)
	}
	there := err == nil
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case there && was.Accounts != l.accounts:
		return nil, fmt.Errorf("%s has books of %d accounts", l.keep, was.Accounts)
	case !there:
		err = l.drop(ctx, g.name)
		err = errors.Join(err, os.RemoveAll(filepath.Join(l.dir, g.name)))
		if err == nil {
			err = l.exec(ctx, "CREATE DATABASE "+g.name+" TEMPLATE model")
		}
	default:
		err = store.Migrate(ctx, l.dsn(g.name))
	}
	if err != nil {
		return nil, err
	}
	if g.house, err = l.openParts(ctx, g.name, shards); err != nil {
		return nil, err
	}
	if there {
		g.expected = &tally{debit: was.Debit, credit: was.Credit, bank: was.Bank, operations: was.Operations, entries: was.Entries}
	}
	if err = g.mintKey(ctx); err == nil && !there {
		err = g.bulk(ctx)
	}
	if err == nil {
		err = g.start(ctx)
	}
	if err == nil && !there {
		if err = g.settle(ctx); err == nil {
			err = g.save()
		}
	}
	if err == nil {
		err = g.prewarm(ctx)
	}
	g.kept = l.keep != "" && err == nil
	if err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

// prewarm reads the tables and indexes into the database's memory, as they are in a
// database that has been up for a while; the journal itself stays where it is.
func (h *house) prewarm(ctx context.Context) error {
	if _, err := h.sql.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_prewarm"); err != nil {
		fmt.Fprintln(os.Stderr, "bench: the books are cold at first:", err)
		return nil
	}
	_, err := h.sql.Exec(ctx, `SELECT sum(pg_prewarm(oid)) FROM pg_class
		WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0`)
	return err
}

// save notes what was acknowledged.
func (h *house) save() error {
	t := h.expected
	content, err := json.Marshal(grownBooks{len(t.debit), t.debit, t.credit, t.bank, t.operations, t.entries})
	if err != nil {
		return err
	}
	return os.WriteFile(h.keptFile(), content, 0o600)
}

// changing is a part that posts to books that are kept.
func (h *house) changing(post func() error) error {
	if !h.kept {
		return post()
	}
	if err := os.Remove(h.keptFile()); err != nil {
		return err
	}
	if err := post(); err != nil {
		return err
	}
	return h.save()
}
