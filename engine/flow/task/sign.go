package task

import (
	"encoding/hex"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// countersign is the customer's signature under the contract's file: before the executor
// signs, or under the file that he signed.
func (s *step) countersign() *fault.Refusal {
	var b flowv1.TaskSign
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	switch {
	case b.Signature == nil:
		return fault.Refuse(fault.Malformed, "signature", "no file was signed")
	case s.data.ExecutorId == "":
		return fault.Refuse(fault.WrongState, "executor_id", "there is no contract yet: the task has no executor").
			With("state", s.view.State).With("event", s.command.Event)
	case s.data.AgreementCustomer != nil:
		return fault.Refuse(fault.WrongState, "event", "%q happened already", s.command.Event).
			With("state", s.view.State).With("event", s.command.Event)
	case s.view.State != Draft && s.data.AgreementExecutor == nil:
		return fault.Refuse(fault.WrongState, "document_sha256", "the executor signed no file").With("state", s.view.State)
	}
	if now := Terms(s.data); b.Terms != 0 && b.Terms != now {
		return s.otherTerms(now, b.Terms)
	}
	signature, refusal := s.signature(b.Signature, s.data.AgreementExecutor)
	s.data.AgreementCustomer = signature
	return refusal
}

// otherTerms refuses a signature under terms that have changed since.
func (s *step) otherTerms(now, seen uint32) *fault.Refusal {
	return fault.Refuse(fault.WrongState, "terms", "the signer saw the terms %d, they are %d by now", seen, now).
		With("state", s.view.State).With("terms", strconv.FormatUint(uint64(now), 10))
}

// signature takes one side's signature; the side that signs second signs the same file.
func (s *step) signature(given, other *flowv1.Signature) (*flowv1.Signature, *fault.Refusal) {
	if given == nil {
		return nil, nil
	}
	if raw, err := hex.DecodeString(given.Sha256); err != nil || len(raw) != 32 {
		return nil, fault.Refuse(fault.Malformed, "document_sha256", "%.80q is not the SHA-256 of a file", given.Sha256)
	}
	if other != nil && other.Sha256 != given.Sha256 {
		return nil, fault.Refuse(fault.WrongState, "document_sha256", "the other side signed another file").
			With("state", s.view.State).With("signed", other.Sha256)
	}
	if given.At == "" {
		given.At = s.now()
	}
	given.StampedSha256 = "" // the world says it
	return given, nil
}

// actSignature reads the signature under the act. Who signs second without a file of his
// own signs the other side's.
func (s *step) actSignature(other *flowv1.Signature) (*flowv1.Signature, *fault.Refusal) {
	var b flowv1.TaskSign
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return nil, refusal
	}
	if b.Signature == nil && other != nil {
		b.Signature = &flowv1.Signature{Sha256: other.Sha256, Template: other.Template, Method: MethodKey}
	}
	return s.signature(b.Signature, other)
}

// MethodKey is how a signature was made: by an API key, or by a user of the house or the company.
const MethodKey = "key"

// unsign forgets signatures under a file that the contract is no more.
func (s *step) unsign() {
	s.data.AgreementExecutor, s.data.AgreementCustomer = nil, nil
}

// The documents of a task, as the flow sign names them.
const (
	documentAgreement = "agreement"
	documentAct       = "act"
)

// invite has the executor sent the link when a document begins to await his signature: the
// agreement once he is chosen and whenever its terms change, the act once the work is done.
func (s *step) invite() {
	document := documentAgreement
	switch {
	case !s.data.SendLink || s.data.ExecutorId == "":
		return
	case s.on == doneAwaitsAct:
		document = documentAct
	case s.manual() || s.data.AgreementExecutor != nil:
		return
	case s.on == Create || s.on == Assign:
	case s.on == Change && s.view.State == Draft && Terms(s.data) != Terms(flow.ReadData(s.view, &flowv1.TaskData{})):
	default:
		return
	}
	s.asks[tellSign] = flow.Bytes(&flowv1.SigningAsk{
		Book: s.view.Book, TaskId: s.view.ID, CompanyId: s.data.CompanyId, Document: document, ExecutorId: s.data.ExecutorId,
	})
}

// Sides of a document.
const (
	SideExecutor = "executor"
	SideCustomer = "customer"
)

// signatures are those under the task's documents, by document and side. An executor who
// waits for room under his cap has not signed yet.
type signatures map[[2]string]*flowv1.Signature

func (s *step) signed() signatures {
	out := signatures{
		{documentAgreement, SideExecutor}: s.data.AgreementExecutor, {documentAgreement, SideCustomer}: s.data.AgreementCustomer,
		{documentAct, SideExecutor}: s.data.ActExecutor, {documentAct, SideCustomer}: s.data.ActCustomer,
	}
	if s.data.Phase == flowv1.TaskPhase_TASK_PHASE_HOLD {
		delete(out, [2]string{documentAgreement, SideExecutor})
	}
	return out
}

// stamp has the file drawn with the stamps of its signatures when one has come to it. A step
// brings one at most.
func (s *step) stamp(before signatures) {
	now := s.signed()
	for _, document := range []string{documentAgreement, documentAct} {
		for _, side := range []string{SideExecutor, SideCustomer} {
			at := [2]string{document, side}
			if g := now[at]; g.GetSha256() == "" || g.GetSha256() == before[at].GetSha256() && g.GetAt() == before[at].GetAt() {
				continue
			}
			s.asks[stampFile] = flow.Bytes(&flowv1.StampAsk{
				Book: s.view.Book, TaskId: s.view.ID, ExecutorId: s.data.ExecutorId, Document: document, Side: side, CreatedAt: s.data.CreatedAt,
				Executor: now[[2]string{document, SideExecutor}], Customer: now[[2]string{document, SideCustomer}],
			})
		}
	}
}

// drawn takes the hash of a file with stamps, for the signature that it was drawn for: by now
// the terms may have changed, and the signature gone.
func (s *step) drawn() {
	var said flowv1.Stamped
	if s.command.Event != stamped || proto.Unmarshal([]byte(s.command.Answer.Body), &said) != nil {
		s.on = answerLate
		return
	}
	g := s.signed()[[2]string{said.Document, said.Side}]
	if g == nil || g.Sha256 != said.SignedSha256 || g.At != said.At || g.StampedSha256 != "" || said.Sha256 == "" {
		s.on = answerLate
		return
	}
	g.StampedSha256 = said.Sha256
}
