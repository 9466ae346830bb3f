package requisite

import "github.com/provodka/provodka/ledger/fault"

// Ruble is what digits 6 to 8 of a ruble account say: the code that account
// plans have kept since before 1998. Treasury accounts carry 643.
const (
	Ruble         = "810"
	RubleTreasury = "643"
)

// BIC checks the shape of a bank's code: 9 digits, the first two 00 to 04 [M].
// A BIC has no check digit; the accounts of its bank check it.
func BIC(field, text string) *fault.Refusal {
	if !digits(text, 9) {
		return fault.Refuse(fault.RequisitesInvalid, field, "a BIC has 9 digits, not %q", show(text))
	}
	if text[0] != '0' || text[1] > '4' {
		return fault.Refuse(fault.RequisitesInvalid, field, "a BIC begins with 00 to 04, not %s", text[:2])
	}
	return nil
}

// accountKey sums the products of 23 digits (three of the bank, twenty of the
// account) with 7, 1, 3 repeating; a right number gives 0 modulo 10.
func accountKey(prefix, account string) int {
	weights := [3]int{7, 1, 3}
	text := prefix + account
	sum := 0
	for i := range len(text) {
		sum += at(text, i) * weights[i%3] % 10
	}
	return sum % 10
}

// Prefixes of accounts that are checked otherwise than a client's.
const (
	treasuryAccount = "03"    // budget accounts: match neither form of the key
	singleTreasury  = "40102" // ЕКС: the key of a correspondent account
	correspondent   = "301"
)

// bankPrefix chooses the three digits that go before the account: the BIC's last
// three, or 0 and its fifth and sixth for accounts opened at the Bank of Russia:
// correspondent accounts, ЕКС, clients of a settlement centre (BIC ending 000 to 002 [M]).
func bankPrefix(account, bic string) string {
	atCentralBank := account[:5] == singleTreasury || account[:3] == correspondent || bic[6:] <= "002"
	if atCentralBank {
		return "0" + bic[4:6]
	}
	return bic[6:]
}

// Account checks a settlement account of 20 digits and its ninth digit, the key,
// against the bank's BIC. Treasury accounts (03...) have no key of either known
// form: only their shape is checked.
func Account(field, text, bic string) *fault.Refusal {
	if !digits(text, 20) {
		return fault.Refuse(fault.RequisitesInvalid, field, "an account has 20 digits, not %q", show(text))
	}
	if zeros(text) {
		return fault.Refuse(fault.RequisitesInvalid, field, "the account is all zeros")
	}
	if refusal := BIC(field, bic); refusal != nil {
		return fault.Refuse(fault.RequisitesInvalid, field, "the account's key needs the bank: %s", refusal.Reason)
	}
	if text[:2] == treasuryAccount {
		return nil
	}
	return keyed(field, text, bankPrefix(text, bic), bic)
}

// CorrAccount checks a bank's correspondent account: 20 digits that begin with
// 301 (or 40102, the single treasury account), with the key of the BIC.
func CorrAccount(field, text, bic string) *fault.Refusal {
	if !digits(text, 20) {
		return fault.Refuse(fault.RequisitesInvalid, field, "a correspondent account has 20 digits, not %q", show(text))
	}
	if text[:3] != correspondent && text[:5] != singleTreasury {
		return fault.Refuse(fault.RequisitesInvalid, field, "a correspondent account begins with 301 or 40102, not %s", text[:5])
	}
	if refusal := BIC(field, bic); refusal != nil {
		return fault.Refuse(fault.RequisitesInvalid, field, "the account's key needs the bank: %s", refusal.Reason)
	}
	return keyed(field, text, "0"+bic[4:6], bic)
}

func keyed(field, text, prefix, bic string) *fault.Refusal {
	if accountKey(prefix, text) != 0 {
		return fault.Refuse(fault.RequisitesInvalid, field, "the key (digit 9) of account %s does not fit BIC %s", text, bic)
	}
	return nil
}

// RubleAccount is Account, and the account must be in rubles.
func RubleAccount(field, text, bic string) *fault.Refusal {
	if refusal := Account(field, text, bic); refusal != nil {
		return refusal
	}
	if currency := text[5:8]; currency != Ruble && currency != RubleTreasury {
		return fault.Refuse(fault.RequisitesInvalid, field, "account %s is not in rubles: digits 6 to 8 are %s, not %s", text, currency, Ruble)
	}
	return nil
}
