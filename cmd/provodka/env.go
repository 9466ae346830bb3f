package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/cmd/provodka/dev"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Env is what commands have in common: where they write, and where they find the
// installation that they are about.
type Env struct {
	Out, Err io.Writer
	Getenv   func(string) string
	Now      func() time.Time
	Logger   *slog.Logger

	Dir    string // --dev
	Output string // --output
}

func splitList(text string) []string {
	var out []string
	for _, s := range strings.Split(text, ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// defaultDir is where `provodka dev` lives when nothing else is said.
const defaultDir = ".provodka"

// dev reads the state of a running `provodka dev`; the zero state when there is none
// and nobody asked for one.
func (e *Env) dev() (dev.File, error) {
	var s dev.File
	path := filepath.Join(cmp.Or(e.Dir, defaultDir), dev.FileName)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if e.Dir != "" {
			return s, fmt.Errorf("%s: there is no dev.json: is `provodka dev --dir %s` ready?", e.Dir, e.Dir)
		}
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// dsn finds the database's address: flag, environment, dev.json. "" is none.
func (e *Env) dsn(flag string) (string, error) {
	if found := cmp.Or(flag, e.Getenv("PROVODKA_DSN")); found != "" {
		return found, nil
	}
	s, err := e.dev()
	return s.DSN, err
}

// brokers finds the brokers in the same order, and the first word of their topics.
func (e *Env) brokers(f brokerFlags) ([]string, string, error) {
	if found := cmp.Or(f.brokers, e.Getenv("PROVODKA_BROKERS")); found != "" {
		return splitList(found), f.prefix, nil
	}
	s, err := e.dev()
	return splitList(s.Brokers), cmp.Or(f.prefix, s.Prefix), err
}

const dsnHelp = "address of the database, postgres://…"

// openDB opens the database that a command is about.
func (e *Env) openDB(ctx context.Context, flag string) (*store.DB, error) {
	dsn, err := e.dsn(flag)
	if err != nil {
		return nil, err
	}
	if dsn == "" {
		return nil, usagef("which database? Give --dsn, PROVODKA_DSN, or --dev with the directory of a running `provodka dev`")
	}
	return store.Open(ctx, dsn, store.Options{Name: "provodka-cli", MaxConns: 4, Logger: e.Logger})
}

// openBook opens the database and finds in it the book that a command is about.
func (e *Env) openBook(ctx context.Context, dsn string, book *string) (*store.DB, error) {
	db, err := e.openDB(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if *book, err = e.book(ctx, db, *book); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// book finds the book that a command is about: the flag, dev.json, or the only one.
func (e *Env) book(ctx context.Context, db *store.DB, flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if s, err := e.dev(); err == nil && s.Book != "" {
		return s.Book, nil
	}
	books, err := booksSeen(ctx, db)
	switch {
	case err != nil:
		return "", err
	case len(books) == 0:
		return "", errors.New("there is nothing in the books yet")
	case len(books) > 1:
		return "", usagef("which book? Give --book; there are %s", strings.Join(books, ", "))
	}
	return books[0], nil
}

// booksSeen lists the books that the first and the last records of each shard are of:
// enough to know whether there is more than one in an installation of one company.
func booksSeen(ctx context.Context, db *store.DB) ([]string, error) {
	shards, err := db.Shards(ctx)
	if err != nil {
		return nil, err
	}
	books := map[string]bool{}
	for _, s := range shards {
		if s.Head.Seq == 0 {
			continue
		}
		for _, seq := range []uint64{1, s.Head.Seq} {
			segments, err := db.Segments(ctx, s.Shard, seq, 1)
			if err != nil {
				return nil, err
			}
			for _, segment := range segments {
				raws, err := segment.Split()
				if err != nil {
					return nil, err
				}
				for _, raw := range raws {
					r := new(journalv1.Record)
					if err := proto.Unmarshal(raw, r); err != nil {
						return nil, err
					}
					books[r.GetBook()] = true
				}
			}
		}
	}
	delete(books, "") // commands that could not be read
	return slices.Sorted(maps.Keys(books)), nil
}

// bookFlag adds --book.
func bookFlag(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVar(into, "book", "", "the book (default: the only one)")
}

// dsnFlag adds --dsn.
func dsnFlag(cmd *cobra.Command, into *string) { cmd.Flags().StringVar(into, "dsn", "", dsnHelp) }

// say talks to people, on stderr.
func (e *Env) say(format string, args ...any) { fmt.Fprintf(e.Err, format+"\n", args...) }
