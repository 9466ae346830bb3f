package registercsv

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/fault"
)

func TestALineRefusedLaterIsInTheErrorRegister(t *testing.T) {
	t.Parallel()
	r, err := Reader{}.Open(bytes.NewReader(Reader{}.Template()))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = r.Next()
	row, err := r.Next()
	if err != nil || len(row.Refusals) != 0 {
		t.Fatalf("%+v %v", row, err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Fatal(err)
	}
	written := append(r.ErrorHead(), r.ErrorRow(row, fault.Refuse(fault.NotFound, "executor_phone", "nobody has this phone"))...)
	again, refusal := Read(written)
	if refusal != nil {
		t.Fatal(refusal)
	}
	if len(again.Lines) != 1 || again.Lines[0].Title != row.Title || again.Lines[0].ExecutorPhone != row.ExecutorPhone {
		t.Errorf("the error register reads as %+v", again.Lines)
	}
}

// The instruction names the columns of the template, all of them and no other.
func TestTheInstructionNamesTheColumns(t *testing.T) {
	t.Parallel()
	var named []string
	for text := range strings.SplitSeq(string(Reader{}.Instruction()), "\n") {
		cells := strings.Split(text, "|")
		if name := strings.TrimSpace(cells[min(1, len(cells)-1)]); len(cells) == 5 && name != "Колонка" && name != "---" {
			named = append(named, name)
		}
	}
	if !slices.Equal(named, columns) {
		t.Errorf("%v, want %v", named, columns)
	}
}
