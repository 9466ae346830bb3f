// Package requisite checks the numbers that Russian payments, people and
// companies are known by, and invents valid ones for examples and tests.
//
//	text ──▶ shape (digits, length) ──▶ check digit ──▶ nil | *fault.Refusal{code, field, reason}
//
// Every check takes the name of the request's field and the text, is a pure
// function, and answers nil or a refusal: inn_invalid for an INN, snils_invalid for a
// SNILS, passport_invalid for a passport, else requisites_invalid. The reason names the rule and the digit that it expects,
// because people correct these numbers by hand.
//
// Sources. [H] = recomputed on published requisites, [M] = one secondary source:
// INN, OGRN, OGRNIP, SNILS, the account key and the correspondent account's key
// [H]; the BIC's first two digits, the KPP's shape, accounts of clients of a
// settlement centre of the Bank of Russia (РКЦ), SNILS up to 001-001-998 without
// check digits [M]; a passport's shape and dates [M]. OKTMO and KBK have a shape and no
// public check. The text of a payment's two-dimensional code (Code: ГОСТ Р 56042-2014,
// lengths and order of its requisites) is from memory, not compared with the standard ?.
// The number of a card is only known here to be refused (card.go: 12 to 19 digits by Luhn).
//
// Laws kept (requisite_test.go): every invented number is valid; one wrong digit
// after an account's head is always noticed; normalising a phone twice changes
// nothing.
//
// It refuses to know: whether a number is really issued, whose it is, whether
// a bank's licence is alive. That is asked of registers, not computed.
package requisite
