package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/provodka/provodka/ledger/journal/proof"
)

// proofs checks what an outsider can: every checkpoint of every life of the program is
// signed, none contradicts another, and a record of each shard proves.
func (s *stack) proofs(f devFile) {
	s.t.Helper()
	keyFile := filepath.Join(s.dir, "checkpoint.key.pub")
	text, err := os.ReadFile(keyFile)
	if err != nil {
		s.t.Fatal(err)
	}
	keys, err := proof.ParseKeys(string(text))
	if err != nil {
		s.t.Fatal(err)
	}
	lists, err := filepath.Glob(filepath.Join(s.dir, "checkpoints", "*.checkpoints"))
	if err != nil || len(lists) == 0 {
		s.t.Fatalf("no checkpoints: %v", err)
	}
	signed := 0
	for _, list := range lists {
		all, err := os.ReadFile(list)
		if err != nil {
			s.t.Fatal(err)
		}
		signed += s.oneList(f, keys, keyFile, strings.Split(strings.TrimSuffix(string(all), "\n\n"), "\n\n"))
	}
	s.t.Logf("%d checkpoints of %d shards", signed, len(lists))
}

// oneList checks the checkpoints of one shard: parts are their texts and signatures.
func (s *stack) oneList(f devFile, keys proof.Keys, keyFile string, parts []string) int {
	s.t.Helper()
	texts, files := map[uint64]string{}, [2]string{}
	var last proof.Checkpoint
	for i := 0; i+1 < len(parts); i += 2 {
		signed := parts[i] + "\n\n" + parts[i+1] + "\n"
		c, err := keys.Open([]byte(signed))
		if err != nil {
			s.t.Fatal(err)
		}
		if old, ok := texts[c.Size]; ok && old != c.Text() || c.Size < last.Size {
			s.t.Errorf("checkpoint %d contradicts another:\n%s", c.Size, c.Text())
		}
		texts[c.Size], last = c.Text(), c
		at := min(i, 1) // the first, and the newest
		files[at] = filepath.Join(s.dir, fmt.Sprintf("%d-%d.checkpoint", c.Shard, at))
		if err := os.WriteFile(files[at], []byte(signed), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	out := filepath.Join(s.dir, "proof")
	proofs := [][]string{{"prove", "entry", fmt.Sprintf("%d.%d", last.Shard, (last.Size+1)/2), "--dsn", f.DSN, "--out", out}}
	if files[1] != "" {
		proofs = append(proofs, []string{"prove", "consistency", "--from", files[0], "--to", files[1], "--dsn", f.DSN, "--out", out})
	}
	for _, args := range proofs {
		if code, said := s.run(args...); code != 0 {
			s.t.Errorf("%v ends with %d: %s", args, code, said)
		} else if code, said := s.run("verify", out, "--key", keyFile); code != 0 {
			s.t.Errorf("verify ends with %d: %s", code, said)
		}
	}
	return len(texts)
}
