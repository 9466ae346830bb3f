package requisite

import (
	"strings"
	"time"

	"github.com/provodka/provodka/ledger/fault"
)

// A passport of a citizen of Russia is given from the age of 14, and none was before
// the first of October 1997.
const (
	passportAge   = 14
	firstPassport = "1997-10-01"
	longestLife   = 120
)

// PassportNumber checks series and number of a Russian passport and returns its ten
// digits. They are written 45 04 123456, 4504 № 123456 or without signs between.
func PassportNumber(field, text string) (string, *fault.Refusal) {
	plain := strings.NewReplacer(" ", "", "-", "", "№", "", "\u00a0", "").Replace(text)
	if !digits(plain, 10) || zeros(plain[:4]) || zeros(plain[4:]) {
		return "", fault.Refuse(fault.PassportInvalid, field, "a passport has 4 digits of series and 6 of number")
	}
	return plain, nil
}

// DepartmentCode checks the code of who issued a passport and returns it as 770-001.
func DepartmentCode(field, text string) (string, *fault.Refusal) {
	plain := strings.NewReplacer(" ", "", "-", "").Replace(text)
	if !digits(plain, 6) || zeros(plain) {
		return "", fault.Refuse(fault.PassportInvalid, field, "the code of the department is 6 digits, 770-001")
	}
	return plain[:3] + "-" + plain[3:], nil
}

// Birthday checks a day of birth, YYYY-MM-DD, of a person who may have a passport.
func Birthday(field, text, today string) *fault.Refusal {
	born, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return fault.Refuse(fault.PassportInvalid, field, "a day is YYYY-MM-DD")
	}
	if age := born.AddDate(passportAge, 0, 0).Format(time.DateOnly); age > today {
		return fault.Refuse(fault.PassportInvalid, field, "the person is younger than %d", passportAge)
	}
	if born.AddDate(longestLife, 0, 0).Format(time.DateOnly) < today {
		return fault.Refuse(fault.PassportInvalid, field, "the person is older than %d", longestLife)
	}
	return nil
}

// PassportIssued checks the day of issue of a Russian passport, YYYY-MM-DD.
func PassportIssued(field, text, birthday, today string) *fault.Refusal {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return fault.Refuse(fault.PassportInvalid, field, "a day is YYYY-MM-DD")
	}
	born, err := time.Parse(time.DateOnly, birthday)
	switch {
	case text > today:
		return fault.Refuse(fault.PassportInvalid, field, "the day is still to come")
	case text < firstPassport:
		return fault.Refuse(fault.PassportInvalid, field, "passports are issued since %s", firstPassport)
	case err == nil && text < born.AddDate(passportAge, 0, 0).Format(time.DateOnly):
		return fault.Refuse(fault.PassportInvalid, field, "the person was younger than %d on that day", passportAge)
	}
	return nil
}
