package requisite

import "fmt"

// The Example functions invent valid numbers from a seed: the same seed gives
// the same number, seeds from 0 up to the stated bound give different ones. They
// belong to nobody we know of; they are for examples and tests, never for money.

// ExampleBIC is the BIC of an invented Moscow bank; 997 different ones.
func ExampleBIC(seed uint64) string { return fmt.Sprintf("044525%03d", 3+seed%997) }

// ExampleCorrAccount is the correspondent account of the bank: 30101 810 K
// 00000000 and the BIC's last three digits.
func ExampleCorrAccount(bic string) string {
	text := "301018100" + "00000000" + bic[6:]
	return withKey(text, "0"+bic[4:6])
}

// ExampleAccount is a ruble account at the bank: the head says whose it is
// ("40702" company, "40802" sole trader, "40817" person); 10,000,000 different ones.
func ExampleAccount(head, bic string, seed uint64) string {
	text := fmt.Sprintf("%s%s00000%07d", head, Ruble, seed%10_000_000)
	return withKey(text, bankPrefix(text, bic))
}

// withKey puts the digit into position 9 that makes the key right. The key's
// weight is odd and not 5, so exactly one digit does.
func withKey(text, prefix string) string {
	for key := byte('0'); key <= '9'; key++ {
		if try := text[:8] + string(key) + text[9:]; accountKey(prefix, try) == 0 {
			return try
		}
	}
	panic("requisite: no digit fits the key of " + text)
}

// ExampleINN is the INN of an invented company; 100,000 different ones.
func ExampleINN(seed uint64) string {
	text := fmt.Sprintf("7701%05d", seed%100_000)
	return fmt.Sprintf("%s%d", text, innCompany(text))
}

// ExamplePersonINN is the INN of an invented person; 1,000,000 different ones.
func ExamplePersonINN(seed uint64) string {
	text := fmt.Sprintf("7701%06d", seed%1_000_000)
	return text + innPerson(text)
}

// ExampleOGRN is the OGRN of an invented company; 10,000,000 different ones.
func ExampleOGRN(seed uint64) string {
	text := fmt.Sprintf("10277%07d", seed%10_000_000)
	return fmt.Sprintf("%s%d", text, remainder(text, 11)%10)
}

// ExampleOGRNIP is the OGRNIP of an invented sole trader; 10,000,000 different ones.
func ExampleOGRNIP(seed uint64) string {
	text := fmt.Sprintf("3247700%07d", seed%10_000_000)
	return fmt.Sprintf("%s%d", text, remainder(text, 13)%10)
}

// ExampleSNILS is an invented SNILS of 11 digits; 10,000,000 different ones.
func ExampleSNILS(seed uint64) string {
	text := fmt.Sprintf("11%07d", seed%10_000_000)
	return fmt.Sprintf("%s%02d", text, snilsKey(text))
}

// ExampleSBPBank is an invented member of SBP; 1,000 different ones.
func ExampleSBPBank(seed uint64) string { return fmt.Sprintf("100000999%03d", seed%1000) }

// ExampleCardToken is an invented token of a card.
func ExampleCardToken(seed uint64) string { return fmt.Sprintf("card_%x_example", seed) }

// ExamplePassport is series and number of an invented passport; 999,999 different ones.
func ExamplePassport(seed uint64) string { return fmt.Sprintf("9900 %06d", 1+seed%999_999) }

// ExamplePhone is an invented mobile number; 10,000,000 different ones.
func ExamplePhone(seed uint64) string { return fmt.Sprintf("+7999%07d", seed%10_000_000) }
