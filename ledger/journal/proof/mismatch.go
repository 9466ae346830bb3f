package proof

import "fmt"

// Mismatch is the first thing of a proof that does not fit.
type Mismatch struct {
	What     string // "the path of record 2.1042"
	Expected string
	Found    string
}

// Error tells the mismatch in one line.
func (m *Mismatch) Error() string {
	return fmt.Sprintf("%s: expected %s, found %s", m.What, m.Expected, m.Found)
}

func differ(what, expected, found string) error {
	return &Mismatch{What: what, Expected: expected, Found: found}
}
