package stage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// journal is an append-only file of JSON lines.
type journal struct {
	file *os.File

	mu      sync.Mutex
	written int64 // lines written
	broken  error // a write failed: the end of the file is unknown, nothing more is written

	flush  sync.Mutex
	synced int64 // lines known to be on disk
}

// openJournal reads every whole line and cuts off a torn last one.
func openJournal(path string, each func(line []byte) error) (*journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640) //nolint:gosec // the caller's directory
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(file)
	if err == nil {
		err = replay(data, each)
	}
	whole := int64(bytes.LastIndexByte(data, '\n') + 1)
	if err == nil {
		err = file.Truncate(whole)
	}
	if err == nil {
		_, err = file.Seek(whole, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("stage: %s: %w", path, err), file.Close())
	}
	return &journal{file: file}, nil
}

func replay(data []byte, each func(line []byte) error) error {
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if line[len(line)-1] != '\n' {
			return nil
		}
		if err := each(line); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	return nil
}

// append writes a line. It is on disk after the next sync.
func (j *journal) append(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return j.broken
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		j.broken = err
		return err
	}
	j.written++
	return nil
}

// sync returns when every line written before the call is on disk. Callers that
// wait together share one fsync.
func (j *journal) sync() error {
	j.mu.Lock()
	mine := j.written
	j.mu.Unlock()
	j.flush.Lock()
	defer j.flush.Unlock()
	if j.synced >= mine {
		return nil
	}
	j.mu.Lock()
	upTo := j.written
	j.mu.Unlock()
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.synced = upTo
	return nil
}

func (j *journal) close() error { return errors.Join(j.sync(), j.file.Close()) }
