package task

import (
	"context"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// ChangeTask implements TaskService.
func (s *Service) ChangeTask(ctx context.Context, req *taskv1.ChangeTaskRequest) (*taskv1.ChangeTaskResponse, error) {
	var outcomes []engine.Outcome
	err := gate.Again(func() error {
		a, err := s.Must(ctx, req.GetBook(), task.Name, "task_id", req.GetTaskId())
		if err != nil {
			return err
		}
		c := s.NewChange("ChangeTask", req.GetKey(), req)
		c.Flow, c.ID, c.Owner, c.Event = task.Name, a.ID, a.Owner, task.Change
		if err := s.Recall(ctx, req.GetBook(), c); err != nil {
			return err
		}
		draft := s.Vault.Draft(req.GetBook())
		if c.Fresh() {
			if err := s.fillChange(ctx, req, a, c, draft); err != nil {
				return err
			}
		}
		outcomes, err = s.Commit(ctx, req.GetBook(), draft, false, []*gate.Change{c})
		return err
	})
	if err != nil {
		return nil, err
	}
	if r := outcomes[0].Refusal; r != nil {
		return nil, gate.IDField(changeField(r, req), "task_id")
	}
	out, err := s.task(ctx, req.GetBook(), outcomes[0])
	if err != nil {
		return nil, err
	}
	return &taskv1.ChangeTaskResponse{Task: out, Position: gate.PositionOf(outcomes), Replayed: outcomes[0].Replayed}, nil
}

// changeField names the request's field that a refusal of the flow is about.
func changeField(r *fault.Refusal, req *taskv1.ChangeTaskRequest) *fault.Refusal {
	out := *r
	switch r.Field {
	case "price", "price_kind":
		out.Field = "amount_gross"
		if req.GetAmountNet() != "" {
			out.Field = "amount_net"
		}
	case "kind":
		out.Field = "employment_kind"
	case "period":
		for _, f := range []struct {
			name  string
			given bool
		}{{"period_from", req.GetPeriodFrom() != ""}, {"period_to", req.GetPeriodTo() != ""}, {"period_duration", true}} {
			if f.given {
				out.Field = f.name
				break
			}
		}
	case "metadata":
		if req.GetMetadataJson() != "" {
			out.Field = "metadata_json"
		}
	}
	return &out
}

// fillChange says the command of a change and writes the texts that it makes.
func (s *Service) fillChange(ctx context.Context, req *taskv1.ChangeTaskRequest, a gate.Aggregate, c *gate.Change, draft *private.Draft) error {
	body := &flowv1.TaskChange{
		Kind: executor.Kinds[req.GetEmploymentKind()], PeriodFrom: req.GetPeriodFrom(), PeriodTo: req.GetPeriodTo(), PeriodDays: req.GetPeriodDuration(),
		ActRequired: req.ActRequired,
	}
	switch {
	case req.GetAmountNet() != "":
		body.PriceKind, body.Price = flowv1.PriceKind_PRICE_KIND_NET, req.GetAmountNet()
	case req.GetAmountGross() != "":
		body.PriceKind, body.Price = flowv1.PriceKind_PRICE_KIND_GROSS, req.GetAmountGross()
	}
	d := new(flowv1.TaskData)
	if err := a.Read(d); err != nil {
		return err
	}
	base := task.TextVersion(d)
	old, ok, err := private.Only(s.Vault.Tasks(ctx, req.GetBook(), private.Ref{ID: a.ID, Version: base}))
	if err != nil {
		return err
	}
	if !ok {
		return fault.Refuse(fault.WrongState, "task_id", "the texts of the task are not there")
	}
	text, fields, refusal := retext(old.Content, req)
	if refusal != nil {
		return refusal
	}
	if len(fields) > 0 {
		version, err := gate.NextVersion(s.Vault.Tasks(ctx, req.GetBook(), private.Ref{ID: a.ID}))
		if err != nil {
			return err
		}
		draft.Task(a.Owner, a.ID, version, text)
		body.Fields, body.TextBase, body.TextVersion = fields, base, version
	}
	c.Say(body)
	return nil
}

// retext makes the new texts of a task out of the old ones, and names the fields that
// the request changes.
func retext(old *privatev1.TaskText, req *taskv1.ChangeTaskRequest) (*privatev1.TaskText, []string, *fault.Refusal) {
	text := proto.CloneOf(old)
	var fields []string
	for _, f := range []struct {
		name, given, value string
		into               *string
	}{
		{task.FieldTitle, req.GetTitle(), gate.OneLine(req.GetTitle()), &text.Title},
		{task.FieldDescription, req.GetDescription(), strings.TrimSpace(req.GetDescription()), &text.Description},
		{task.FieldCategory, req.GetCategory(), gate.OneLine(req.GetCategory()), &text.Category},
	} {
		if f.given == "" {
			continue
		}
		if f.value == "" {
			return nil, nil, fault.Refuse(fault.Malformed, f.name, "the text is empty")
		}
		*f.into, fields = f.value, append(fields, f.name)
	}
	switch {
	case req.GetDescription() != "":
		text.DescriptionJson = req.GetDescriptionJson()
	case req.GetDescriptionJson() != "":
		return nil, nil, fault.Refuse(fault.Malformed, "description_json", "it goes with description, which people read")
	}
	if req.AdditionalInfo != nil {
		text.AdditionalInfo, fields = strings.TrimSpace(req.GetAdditionalInfo()), append(fields, task.FieldAdditionalInfo)
	}
	if len(req.GetMetadata()) > 0 || req.GetMetadataJson() != "" {
		text.Metadata, text.MetadataJson, fields = req.GetMetadata(), req.GetMetadataJson(), append(fields, task.FieldMetadata)
	}
	return text, fields, checkJSON(text)
}

// DeleteTask implements TaskService.
func (s *Service) DeleteTask(ctx context.Context, req *taskv1.DeleteTaskRequest) (*taskv1.DeleteTaskResponse, error) {
	o, err := s.send(ctx, req, task.Delete, nil)
	if err != nil {
		return nil, err
	}
	if o.Refusal != nil {
		return nil, gate.IDField(o.Refusal, "task_id")
	}
	return &taskv1.DeleteTaskResponse{Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}
