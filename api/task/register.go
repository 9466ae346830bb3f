package task

import (
	"context"
	"fmt"

	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// LinesAtOnce is how many lines of a register become tasks together, and are kept as a part.
const LinesAtOnce = 1000

// RegisterParts reads what became of the lines of a register, a part at a time.
func (s *Service) RegisterParts(ctx context.Context, book, id string, take func(*privatev1.RegisterPart) error) error {
	for n := 0; ; n++ {
		part, ok, err := private.Only(s.Vault.RegisterParts(ctx, book, private.Ref{ID: PartID(id, n)}))
		if err != nil || !ok {
			return err
		}
		if err := take(part.Content); err != nil {
			return err
		}
	}
}

// PartID is the id of a part. It says how the file was cut: cut otherwise, it is others.
func PartID(id string, n int) string { return fmt.Sprintf("%s.%d.%d", id, LinesAtOnce, n) }

// tasksOf are the tasks of a filter's register.
func (s *Service) tasksOf(ctx context.Context, book string, f *taskv1.TaskFilter) (map[string]bool, error) {
	register, ok, err := private.Only(s.Vault.Registers(ctx, book, private.Ref{ID: f.GetRegisterId()}))
	if err != nil {
		return nil, err
	}
	if !ok || register.Content.GetCompanyId() != f.GetCompanyId() {
		return nil, fault.Refuse(fault.NotFound, "filter.register_id", "the company has no such register")
	}
	tasks := map[string]bool{}
	err = s.RegisterParts(ctx, book, f.GetRegisterId(), func(part *privatev1.RegisterPart) error {
		for _, l := range part.GetLines() {
			tasks[l.GetTaskId()] = true
		}
		return nil
	})
	return tasks, err
}
