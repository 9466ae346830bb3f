package private

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errSet = errors.New("a set failed")

// TestTogether: who asks at the same moment is answered by one set, with his own answer;
// of a set that fails each stands for himself; a caller who leaves takes nobody with him.
func TestTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var sets [][]int
		double := newTogether(func(_ context.Context, asked []int) ([]int, error) {
			mu.Lock()
			sets = append(sets, slices.Clone(asked))
			mu.Unlock()
			out := make([]int, len(asked))
			for i, q := range asked {
				switch {
				case q == 13:
					return nil, errSet
				case q == 99:
					panic("of whom it is")
				}
				out[i] = 2 * q
			}
			return out, nil
		})
		all := func(numbers ...int) (failed int32) {
			mu.Lock()
			sets = nil
			mu.Unlock()
			for _, n := range numbers {
				go func() {
					got, err := double.ask(t.Context(), n)
					if bad := n == 13 || n == 99; bad != (err != nil) || !bad && got != 2*n {
						t.Errorf("%d: %d, %v", n, got, err)
					}
					if err != nil {
						atomic.AddInt32(&failed, 1)
					}
				}()
			}
			synctest.Wait()
			time.Sleep(togetherWait) // sleep: of the bubble
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return atomic.LoadInt32(&failed)
		}
		if failed := all(1, 2, 3); failed != 0 || len(sets) != 1 || len(sets[0]) != 3 {
			t.Errorf("%d failed of %v", failed, sets)
		}
		if failed := all(1, 13, 3, 99); failed != 2 || len(sets) != 5 {
			t.Errorf("%d failed of %v", failed, sets)
		}
		many := make([]int, togetherMost+1)
		for i := range many {
			many[i] = 1000 + i
		}
		if failed := all(many...); failed != 0 || len(sets) != 2 || len(sets[0]) != togetherMost || len(sets[1]) != 1 {
			t.Errorf("%d failed, %d sets", failed, len(sets))
		}
		gone, leave := context.WithCancel(t.Context())
		go func() {
			if _, err := double.ask(gone, 5); !errors.Is(err, context.Canceled) {
				t.Errorf("who left was answered: %v", err)
			}
		}()
		synctest.Wait()
		leave()
		if failed := all(6); failed != 0 {
			t.Error("who stayed was not answered")
		}
	})
}
