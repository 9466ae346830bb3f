package registercsv

import (
	"testing"

	"github.com/provodka/provodka/ledger/fault"
)

func TestALineRefusedLaterIsInTheErrorRegister(t *testing.T) {
	t.Parallel()
	r, refusal := Reader{}.ReadRegister(Template())
	if refusal != nil {
		t.Fatal(refusal)
	}
	lines := r.Lines()
	if len(lines) != 2 || len(r.Refused()) != 0 || r.Errors() != nil {
		t.Fatalf("%d lines, %d refused", len(lines), len(r.Refused()))
	}
	r.Refuse(lines[1].Number, fault.Refuse(fault.NotFound, "executor_phone", "nobody has this phone"))
	if rest := r.Lines(); len(rest) != 1 || rest[0].Number != lines[0].Number {
		t.Errorf("left: %+v", rest)
	}
	again, refusal := Reader{}.ReadRegister(r.Errors())
	if refusal != nil {
		t.Fatal(refusal)
	}
	mended := again.Lines()
	if len(mended) != 1 || mended[0].Title != lines[1].Title || mended[0].ExecutorPhone != lines[1].ExecutorPhone {
		t.Errorf("the error register reads as %+v", mended)
	}
}
