//go:build race

package stripe

// raced says that the race detector runs: the searches are then shorter, they
// have one goroutine each and prove nothing more with it.
const raced = true
