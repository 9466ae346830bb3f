package engine_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain looks, when all tests are over and every engine was stopped, whether any
// goroutine of an engine is left.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := leftOver(10 * time.Second); code == 0 && left != "" {
		fmt.Fprintf(os.Stderr, "goroutines are left over:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leftOver gives the stacks of goroutines of the engine that do not end within the
// time; "" when all end.
func leftOver(patience time.Duration) string {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		left := stacks("provodka/engine.", "provodka/ledger/store.(*Writer)", "provodka/adapters/kafka.(*reader)", "provodka/adapters/kafka.(*writer)")
		if left == "" {
			return ""
		}
		select {
		case <-deadline:
			return left
		case <-tick.C:
		}
	}
}

// stacks gives the stacks of goroutines that are in one of the packages.
func stacks(in ...string) string {
	buffer := make([]byte, 16<<20)
	buffer = buffer[:runtime.Stack(buffer, true)]
	var found []string
	for stack := range bytes.SplitSeq(buffer, []byte("\n\n")) {
		for _, word := range in {
			if bytes.Contains(stack, []byte(word)) {
				found = append(found, string(stack))
				break
			}
		}
	}
	return strings.Join(found, "\n\n")
}
