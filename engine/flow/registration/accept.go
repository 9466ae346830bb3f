package registration

import (
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// agree keeps which policy and agreement were accepted, when, and by whose hand.
func (s *step) agree() (refusal *fault.Refusal) {
	var b flowv1.RegistrationAgree
	if refusal = flow.ReadBody(s.command, &b); refusal == nil {
		s.data.Agreement, refusal = Accepted(s.view.Clock, b.Texts, b.EvidenceVersion, b.EvidenceHash, TextPolicy, TextAgreement)
	}
	return refusal
}

// accept keeps the conditions and opens the company with the tariff.
func (s *step) accept() (refusal *fault.Refusal) {
	var b flowv1.RegistrationConditions
	if refusal = flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if s.data.Conditions, refusal = Accepted(s.view.Clock, b.Texts, b.EvidenceVersion, b.EvidenceHash, TextConditions); refusal != nil {
		return refusal
	}
	if b.Tariff == nil {
		return fault.Refuse(fault.Malformed, "tariff", "a tariff must be chosen")
	}
	required, err := money.RUB.Parse(b.DepositRequired)
	if err != nil || required.Sign() < 0 {
		return fault.Refuse(fault.AmountInvalid, "deposit_required", "%.64q is not an amount of rubles", b.DepositRequired)
	}
	s.data.Tariff, s.data.DepositRequired, s.data.Refusal = b.Tariff, money.RUB.Format(required), ""
	s.asks[openCompany] = flow.Bytes(&flowv1.OpenAsk{
		Book: s.view.Book, Registration: s.view.ID, CompanyId: s.data.CompanyId, ProfileVersion: s.data.ProfileVersion,
		Tariff: s.data.Tariff, DepositRequired: s.data.DepositRequired,
	})
	return nil
}

// maxVersion bounds the version of a text, hashBytes is the length of a hash of evidence.
const (
	maxVersion = 32
	hashBytes  = 32
)

// Accepted is the record of an acceptance: all the texts, none else, each by its version.
func Accepted(clock time.Time, texts map[string]string, evidence uint32, hash []byte, names ...string) (*flowv1.Acceptance, *fault.Refusal) {
	for _, name := range names {
		if version := texts[name]; version == "" || len(version) > maxVersion {
			return nil, fault.Refuse(fault.Malformed, "texts."+name, "the version that was accepted is not said")
		}
	}
	if len(texts) != len(names) {
		return nil, fault.Refuse(fault.Malformed, "texts", "other texts than %v are not accepted here", names)
	}
	if evidence == 0 {
		return nil, fault.Refuse(fault.Malformed, "evidence_version", "the evidence was not written")
	}
	if len(hash) != hashBytes {
		return nil, fault.Refuse(fault.Malformed, "evidence_hash", "the evidence's hash has %d bytes, not %d", hashBytes, len(hash))
	}
	return &flowv1.Acceptance{Texts: texts, At: flow.Text(clock), EvidenceVersion: evidence, EvidenceHash: hash}, nil
}

// rubles reads an amount of the registration's own data.
func rubles(text string) money.Amount {
	a, err := money.RUB.Parse(text)
	if err != nil {
		panic("registration: its own data: " + err.Error())
	}
	return a
}
