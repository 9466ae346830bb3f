package executor

import (
	"testing"

	"github.com/provodka/provodka/engine/port/requisite"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
)

// The same wrong person is refused in the same words, however often.
func TestTheFirstWrongNameIsNamed(t *testing.T) {
	t.Parallel()
	for range 50 {
		_, refusal := ReadPerson(&executorv1.Person{Inn: requisite.ExamplePersonINN(1), LastName: " ", FirstName: " "}, "2026-03-02")
		if refusal == nil || refusal.Field != "person.last_name" {
			t.Fatal(refusal)
		}
	}
}
