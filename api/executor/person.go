package executor

import (
	"strings"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// ReadPerson checks the numbers and brings texts to one form.
func ReadPerson(p *executorv1.Person, today string) (*privatev1.ExecutorProfile, *fault.Refusal) {
	out := &privatev1.ExecutorProfile{
		Inn: strings.TrimSpace(p.GetInn()), LastName: gate.OneLine(p.GetLastName()), FirstName: gate.OneLine(p.GetFirstName()),
		SecondName: gate.OneLine(p.GetSecondName()), Email: strings.TrimSpace(p.GetEmail()), Address: gate.OneLine(p.GetAddress()),
	}
	if refusal := requisite.PersonINN("person.inn", out.GetInn()); refusal != nil {
		return nil, refusal
	}
	switch { // in the order of the fields: the same request has the same answer
	case out.GetLastName() == "":
		return nil, fault.Refuse(fault.Malformed, "person.last_name", "the name is empty")
	case out.GetFirstName() == "":
		return nil, fault.Refuse(fault.Malformed, "person.first_name", "the name is empty")
	}
	var refusal *fault.Refusal
	if p.GetPhone() != "" {
		if out.Phone, refusal = requisite.Phone("person.phone", p.GetPhone()); refusal != nil {
			return nil, refusal
		}
	}
	if p.GetSnils() != "" {
		if out.Snils, refusal = requisite.SNILS("person.snils", p.GetSnils()); refusal != nil {
			return nil, refusal
		}
	}
	if out.Birthday = p.GetBirthday(); out.Birthday != "" {
		if refusal := requisite.Birthday("person.birthday", out.Birthday, today); refusal != nil {
			return nil, refusal
		}
	}
	return out, readPassport(p.GetPassport(), out, today)
}

// readPassport checks a passport, if there is one, against the person's day of birth.
func readPassport(p *executorv1.Passport, out *privatev1.ExecutorProfile, today string) (refusal *fault.Refusal) {
	if p == nil {
		return nil
	}
	if out.PassportNumber, refusal = requisite.PassportNumber("person.passport.number", p.GetNumber()); refusal != nil {
		return refusal
	}
	if refusal := requisite.PassportIssued("person.passport.issued_on", p.GetIssuedOn(), out.GetBirthday(), today); refusal != nil {
		return refusal
	}
	if out.PassportDepartment, refusal = requisite.DepartmentCode("person.passport.department_code", p.GetDepartmentCode()); refusal != nil {
		return refusal
	}
	out.PassportIssuedOn, out.PassportIssuedBy = p.GetIssuedOn(), gate.OneLine(p.GetIssuedBy())
	if out.PassportIssuedBy == "" {
		return fault.Refuse(fault.PassportInvalid, "person.passport.issued_by", "it is not said who issued the passport")
	}
	return nil
}

// lacks names everything that is to be given before the person is paid.
func lacks(d *flowv1.ExecutorData, p *privatev1.ExecutorProfile) (names []string) {
	if d.GetKind() == flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT {
		names = private.Unidentified(p)
	}
	if d.GetRequisitesVersion() == 0 {
		names = append(names, "requisites")
	}
	return names
}

// PersonMessage is who a person is.
func PersonMessage(p *privatev1.ExecutorProfile, masked bool) *executorv1.Person {
	out := &executorv1.Person{
		Inn: p.GetInn(), Phone: p.GetPhone(), LastName: p.GetLastName(), FirstName: p.GetFirstName(),
		SecondName: p.GetSecondName(), Email: p.GetEmail(), Snils: p.GetSnils(), Birthday: p.GetBirthday(), Address: p.GetAddress(),
	}
	if p.GetPassportNumber() != "" {
		out.Passport = &executorv1.Passport{
			Number: p.GetPassportNumber(), IssuedOn: p.GetPassportIssuedOn(), IssuedBy: p.GetPassportIssuedBy(), DepartmentCode: p.GetPassportDepartment(),
		}
	}
	if masked {
		out.Inn, out.Phone, out.Email = private.MaskINN(out.Inn), private.MaskPhone(out.Phone), private.MaskEmail(out.Email)
		out.FirstName, out.SecondName = private.Initial(out.FirstName), private.Initial(out.SecondName)
		out.Snils, out.Birthday, out.Address = private.MaskID(out.Snils), "", ""
		if out.Passport != nil {
			out.Passport = &executorv1.Passport{Number: private.MaskID(out.Passport.Number)}
		}
	}
	return out
}
