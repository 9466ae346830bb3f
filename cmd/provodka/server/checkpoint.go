package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/journal/proof"
)

// PublicSuffix is what the file of a checkpoint key's verifier keys ends with.
const PublicSuffix = ".pub"

// seal says how the journal is sealed; nil when no key is configured.
func (m *Main) seal() (*engine.Seal, error) {
	path := m.cfg.CheckpointKey
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint_key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("checkpoint_key: others than the owner can read %s: chmod 600", path)
	}
	secret, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint_key: %w", err)
	}
	s := &engine.Seal{Log: m.broker, Every: time.Duration(m.cfg.CheckpointSeconds) * time.Second}
	if s.Signer, err = proof.ParseSigner(string(secret)); err != nil {
		return nil, fmt.Errorf("checkpoint_key: %s: %w", path, err)
	}
	public, err := os.ReadFile(path + PublicSuffix)
	if err != nil {
		return nil, fmt.Errorf("checkpoint_key: its verifier keys, older ones too, stand beside it: %w", err)
	}
	if s.Keys, err = proof.ParseKeys(string(public)); err != nil {
		return nil, fmt.Errorf("checkpoint_key: %s%s: %w", path, PublicSuffix, err)
	}
	if dir := m.cfg.CheckpointDir; dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("checkpoint_dir: %w", err)
		}
		s.Keep = func(shard int, signed []byte) error { return keepCheckpoint(dir, shard, signed) }
	}
	return s, nil
}

// keepCheckpoint replaces the shard's newest checkpoint in a directory and appends it to
// the list of all that this process signed.
func keepCheckpoint(dir string, shard int, signed []byte) error {
	path := filepath.Join(dir, fmt.Sprintf("shard-%d.checkpoint", shard))
	if old, err := os.ReadFile(path); err == nil && string(old) == string(signed) {
		return nil
	}
	all, err := os.OpenFile(path+"s", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = all.Write(append(signed, '\n'))
	if err = errors.Join(err, all.Sync(), all.Close()); err != nil {
		return err
	}
	fresh := path + ".new"
	if err := os.WriteFile(fresh, signed, 0o644); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

// WriteKey makes a key for an installation's checkpoints, in files that are not there
// yet: the verifier keys first, because a key without them cannot be used.
func WriteKey(name, path string, older proof.Keys) error {
	signer, secret, err := proof.NewSigner(rand.Reader, name)
	if err != nil {
		return err
	}
	lines := []string{"# Verifier keys of the checkpoints of " + name + ", the newest first.", signer.Key().String()}
	for _, k := range older {
		lines = append(lines, k.String())
	}
	if err := create(path+PublicSuffix, strings.Join(lines, "\n")+"\n", 0o644); err != nil {
		return err
	}
	return create(path, secret+"\n", 0o600)
}

// create writes a file that is not there yet.
func create(path, text string, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}
