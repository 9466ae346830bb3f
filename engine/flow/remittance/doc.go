// Package remittance is the flow of one payment of taxes to the budget.
//
//	tax-ndfl:{executor}:remitted ─ collect (ordinary entries) ─▶ enp:{period}
//	enp:{period} ─ order ─▶ remitting:{order} ─ the bank ─▶ bank:settlement
//
// What is due of a person (Due) is decided outside the flow, from the books; the flow pays
// what was collected. Periods, due days, working days and requisites are dated tables of
// remittance.md.
//
// Laws kept (remittance_test.go): an order that is over leaves nothing in
// remitting:{order} and claim:{order}; the bank account moves by the amount once for every
// payment that the bank's last word says is out; nothing is sent anew before the bank has
// finally refused the last payment.
//
// It refuses to know: who owes the tax, how it was worked out, how a bank is asked.
package remittance
