// Package fns registers the income of self-employed people with the tax service,
// through the partner API of its NPD platform («Мой налог»), SOAP 1.1.
//
//	Check ────▶ GetTaxpayerStatus, GetGrantedPermissions ──┐
//	Register ─▶ PostIncomeRequestV2 (GetIncomeRequestV2) ──┤
//	Entity ───▶ GetLegalEntityInfo ────────────────────────┤
//	Bind ─────▶ PostBindPartnerWithInn / …WithPhone ───────┤  bound already: PostGrantedPermissions
//	Bound ────▶ GetBindPartnerStatus, Get…PermissionsStatus┤
//	Earned ───▶ GetIncomeForPeriod, month by month ────────┤
//	Leavers, INNChanges ▶ GetNewlyUnboundTaxpayers, GetChangeInnHistory
//	                                                       ▼
//	AuthRequest ─▶ token ─▶ SendMessage ─▶ MessageId ─▶ GetMessage … PROCESSING … COMPLETED ─▶ status.go ─▶ port.Answer
//
// Facts and their marks ([H] primary source or two clients, [M] one client, ? unknown):
//
//   - SendMessage gives a MessageId, GetMessage gives PROCESSING or COMPLETED with the
//     answer inside; namespaces and SOAPAction as in message.go; headers FNS-OpenApi-Token
//     and FNS-OpenApi-UserToken; errors arrive as SmzPlatformError inside a COMPLETED
//     message [H, XSD v0.28 and four clients].
//   - The token is asked by AuthRequest with the master token at /open-api/AuthService of
//     the same host [M, one SMZ client; the sister KKT service does the same [H]].
//   - An unknown or expired MessageId is a soap:Fault with MessageNotFoundFault, a bad token
//     AuthenticationFault, haste RateLimitingFault [M, a client of the KKT service]; one
//     GetMessage a second and twelve a minute for one MessageId [M].
//   - OperationUniqueId makes registration idempotent: DUPLICATE carries RECEIPT_ID and
//     RECEIPT_URL of the first receipt [H]. How long it is remembered is not said ?.
//   - TaxToPay of GetIncomeRequestV2 is the receipt's tax after the used bonus [H]; it needs
//     the permission INCOME_LIST, and how soon it is there is not said ?.
//   - GetLegalEntityInfo gives name, OGRN, address and the dates of an end [H, XSD]; what it
//     answers about an INN that nobody has is not said ?: an empty answer is taken for "there
//     is none", an error for Unknown. Whether it knows sole traders is not said ?.
//   - A request for permissions is answered by the person in «Мой налог»: COMPLETED, FAILED or
//     IN_PROGRESS; one that is ignored ends as FAILED [M], after what time is not said ?. It has
//     no id of ours: a second one is a second request before the person. TAXPAYER_ALREADY_BOUND
//     names the INN [H]; what is then missing is asked by PostGrantedPermissions [H, the order of
//     the two is our reading].
//   - Who left is listed from From up to To, in pages; whether To is inside is not said ?. What
//     the offsets of GetChangeInnHistory count is not said ?: we ask behind the last one seen.
//     Whether what was registered under a former INN is annulled and listed under the new one
//     is not said ?: we ask under the new one; a receipt that is not found changes nothing.
//   - Whether the time fields are checked before the duplicate is not said ?: callers keep
//     RequestedAt of an attempt the same at every send.
//   - GetIncomeForPeriod says what is registered of a month and what was taken back of it [H]; whether
//     the first has the second in it is not said ? (Options.CanceledInTotal), nor that it needs INCOME_SUMMARY,
//     how soon a receipt is in it, and whether income under a former INN is ?.
//   - GetPaymentDocuments says what a person has to pay, with everything of a payment order but
//     the purpose [H: the fields]; the list's element name, that it needs TAX_PAYMENT, and that
//     DueDate tells the months apart are our reading ?.
//
// Laws kept (porttest.ExerciseIncome against sandbox): an attempt is registered at most
// once; a lost message is sent again with the same OperationUniqueId; only the
// service's own refusal is Refused; a token never appears in an answer.
//
// It refuses to know: flows, the books, tax rates, the yearly ceiling, what a standing means for a payment.
package fns
