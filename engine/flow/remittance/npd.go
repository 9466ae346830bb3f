package remittance

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// codeDiffers says that the tax service's document is not of the sum that we hold.
const codeDiffers = "tax_differs"

// ToldDay is the day of the month by which the tax service says what is to be paid of the
// month before (422-ФЗ, ст. 11 ч. 2).
const ToldDay = 12

// OrderNPDOf names the order of an executor's NPD of a period.
func (p Period) OrderNPDOf(executor string) string { return p.ID + "." + executor }

// parseNPD reads the period and the executor of an order of NPD.
func parseNPD(id string) (Period, string, *fault.Refusal) {
	period, executor, _ := strings.Cut(id, ".")
	month, named := strings.CutPrefix(period, string(NPD)+"-")
	if named && executor != "" {
		if all, refusal := PeriodsOf(NPD, month); refusal == nil {
			return all[0], executor, nil
		}
	}
	return Period{}, "", fault.Refuse(fault.Malformed, "id", "%.64q is no order of NPD like npd-2026-11.executor-9", id)
}

// orderNPD takes over what is held for a person of a month, and asks what is to be paid.
func (s *step) orderNPD() *fault.Refusal {
	var b flowv1.RemittanceNpd
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal := s.held(b.Amount); refusal != nil {
		return refusal
	}
	s.ask()
	return nil
}

// ask asks for the documents that fall due for the month.
func (s *step) ask() {
	s.asks[find] = flow.Bytes(&flowv1.TaxDocumentAsk{
		Book: s.view.Book, ExecutorId: s.data.ExecutorId, FromDay: nextMonth(s.data.Period), ToDay: s.data.DueDay,
	})
}

// nextMonth is the first day after a month's period.
func nextMonth(period string) string {
	month := strings.TrimPrefix(period, string(NPD)+"-")
	first, err := time.Parse(monthLayout, month)
	if err != nil {
		panic("remittance: its own data: " + err.Error())
	}
	return first.AddDate(0, 1, 0).Format(time.DateOnly)
}

// found takes the tax service's word: paid is one document of the sum that we hold. What
// cannot be read is no such document.
func (s *step) found() *fault.Refusal {
	if s.view.State != Asking || s.command.Number != s.view.Attempts[find] {
		s.on = answerLate
		return nil
	}
	switch s.command.Event {
	case findUnknown:
		return nil
	case findRefused:
		s.data.ErrorCode, s.data.ErrorReason = string(s.command.Answer.Code), s.command.Answer.Reason
		return nil
	}
	var said flowv1.TaxDocuments
	err := proto.Unmarshal([]byte(s.command.Answer.Body), &said)
	s.data.Documents = said.GetDocuments()
	switch {
	case err != nil:
		s.on, s.data.ErrorCode, s.data.Documents = findDiffers, string(fault.Malformed), nil
	case len(s.data.Documents) == 0:
		s.on = findNone
	case len(s.data.Documents) > 1 || s.data.Documents[0].GetAmount() != s.data.Amount:
		s.on, s.data.ErrorCode = findDiffers, codeDiffers
	default:
		return s.send()
	}
	return nil
}
