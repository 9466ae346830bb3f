package migrations

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed common/*.sql pg/*.sql crdb/*.sql
var files embed.FS

// Dialects are the databases that have files of their own.
const (
	PostgreSQL  = "pg"
	CockroachDB = "crdb"
)

// For is the flat file system of the migrations of a dialect, common and its own.
func For(dialect string) (fs.FS, error) {
	if dialect != PostgreSQL && dialect != CockroachDB {
		return nil, fmt.Errorf("migrations: no dialect %q", dialect)
	}
	return union{"common", dialect}, nil
}

// union shows several directories of files as one.
type union []string

// Open implements fs.FS.
func (u union) Open(name string) (fs.File, error) {
	if name == "." {
		return files.Open(u[0])
	}
	for _, dir := range u {
		if f, err := files.Open(dir + "/" + name); err == nil {
			return f, nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir implements fs.ReadDirFS, by which fs.Glob lists.
func (u union) ReadDir(name string) ([]fs.DirEntry, error) {
	if name != "." {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	var all []fs.DirEntry
	for _, dir := range u {
		entries, err := files.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all, nil
}
