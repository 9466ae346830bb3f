package audit

import (
	"fmt"
	"strconv"
)

// Difference is the first place where what was found is not what must be there.
type Difference struct {
	Where    string // "record 0.17", "database, leg 0.17/1", "archive"
	What     string // "credit of wallet:company-7 RUB after leg 1"
	Expected string
	Found    string
}

// Error tells the difference in one line.
func (d *Difference) Error() string {
	return fmt.Sprintf("%s: %s: expected %s, found %s", oneLine(d.Where), oneLine(d.What), oneLine(d.Expected), oneLine(d.Found))
}

// oneLine keeps foreign text from breaking the line, and bounds it.
func oneLine(s string) string {
	if s == "" {
		return "nothing"
	}
	const most = 300
	if len(s) > most {
		s = s[:most] + "…"
	}
	for _, c := range s {
		if !strconv.IsPrint(c) || c == '\uFFFD' {
			return strconv.Quote(s)
		}
	}
	return s
}

// recordName is how a record is called in differences and in ce_id.
func recordName(shard int, seq uint64) string {
	return "record " + strconv.Itoa(shard) + "." + strconv.FormatUint(seq, 10)
}
