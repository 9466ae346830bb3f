// Package remittance is the flow of one payment of taxes to the budget.
//
//	tax-ndfl:{executor}:remitted ─ collect (ordinary entries) ─▶ enp:{period}
//	enp:{period} ─ order ─▶ remitting:{order} ─ the bank ─▶ bank:settlement
//	enp:{period} ─ offset ─▶ claim:enp, what an older order had paid twice
//	tax-npd:{executor}:remitted ─ order_npd, order_own ─▶ remitting:{order} ─ the bank ─▶ the budget, the person
//
// What is due of a person (Due) is decided outside the flow, from the books; the flow pays
// what was collected. Periods, due days, working days and requisites are dated tables of
// remittance.md.
//
// Laws kept (remittance_test.go): an order that is over leaves nothing in
// remitting:{order} and claim:{order}; the bank account moves by the amount once for every
// payment that the bank's last word says is out; what is out is the tax, what is left of
// having paid it twice, or was given back, which is never more than was paid twice; nothing
// is sent anew before the bank has finally refused the last payment.
//
// It refuses to know: who owes the tax, how it was worked out, how a bank is asked.
//
// Decided, with the reasons:
//
//   - What was passed on of a person's tax is debited to a part of his account
//     (tax-ndfl:{executor}:remitted); what is due is the lesser of what stood at the end of the
//     period and what stands now, less that part: a return never looks like a remittance, nobody's
//     tax is paid late because of a later return, and two reads per account say it all.
//   - What is held for who pays by himself goes back by the same order as would have paid it, when
//     finance asks for it: it is his money, one id a person and month pays it once, and a right
//     that was taken back by mistake can be given again before.
//   - NPD is paid by one order per person and month, and only when the tax service's one document
//     is of the sum that we hold; the document goes into the log without name and INN: it is the
//     person's tax and his other income is not ours to guess; the УИН alone says to the tax
//     service what is paid.
//   - What the budget gives back of a payment made twice is counted here, where it is known what was
//     paid twice, before anybody books it: a floor of claim:enp cannot do it, for the bank may take
//     the second payment back after that, and a fact is not refused: what is left falls below zero,
//     and is owed. An offset debits the period's pool itself: the next order needs no word of it.
//   - Collecting is ordinary entries whose key says how much had been passed on before; a key
//     spent on a refusal gives way to the next once the account has been read again; the order
//     pays what the period's pool has: two runs at once make the same keys, a crash leaves nothing
//     half done, and no list of persons is kept anywhere.
package remittance
