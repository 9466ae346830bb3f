// Package sandbox is the tax service's NPD platform that misbehaves on request:
// the same envelopes, namespaces, faults and error codes, its own books, its own people.
//
//	adapter ─▶ POST /open-api/AuthService            AuthRequest ─▶ temporary token
//	        ─▶ POST /ais3/smz/SmzIntegrationService  SendMessage ─▶ MessageId; GetMessage ─▶ PROCESSING … COMPLETED
//	tests   ─▶ GET  /sandbox/books   POST /sandbox/script   GET, POST /sandbox/people, /sandbox/annulments
//
// Operations: GetTaxpayerStatusRequest ("status" in scripts), GetGrantedPermissionsRequest
// ("permissions"), GetTaxpayerAccountStatusRequest ("account"), GetLegalEntityInfoRequest ("entity"),
// PostCancelReceiptRequestV2 ("cancel"), GetIncomeRequestV2 ("receipts"), PostIncomeRequestV2 (the one that moves
// money: ""); PostBindPartnerWithInn- and -WithPhoneRequest ("bind"), GetBindPartnerStatusRequest
// ("bind_status"), PostGrantedPermissionsRequest ("grant"), GetGrantedPermissionsStatusRequest
// ("grant_status"), PostUnbindPartnerRequest ("unbind"), GetNewlyUnboundTaxpayersRequest ("leavers"),
// GetChangeInnHistoryRequest ("inn_changes"), GetIncomeForPeriodRequest ("period": our receipts that stand, and
// Person.Elsewhere of the month). A person answers requests as Person.Answers says,
// when the request is asked about. Registration deduplicates by OperationUniqueId: the first message gets the
// receipt, later ones DUPLICATE with RECEIPT_ID and RECEIPT_URL. Without a rule an income
// is registered when its message is taken, and the answer waits for Options.Processing questions.
//
// Messages and tokens live in memory, as they expire at the service: after a restart an
// old MessageId is not found and an old token not taken. Books and people are on disk.
//
// Faults played: slow, silent, silent_applied, error, error_applied, in_progress,
// unknown_status (ProcessingStatus = status, or SmzPlatformError with code), refuse
// (SmzPlatformError with code and message), lost, lost_applied, taken_back (registered; the
// person annuls the receipt when it has been listed Polls times), duplicate (worked on twice: the
// answer is the second one's, DUPLICATE or ALREADY_DELETED; a list has everything twice), reordered
// (the message is not found after it was taken, and found later).
//
// Tax: 6 percent from companies and sole traders, 4 from people, less the bonus (2 and 1
// percent of the income, as long as it lasts), rounded half up to the kopeck; the service's
// own rounding is not known ?.
//
// A person annuls a receipt of his by POST /sandbox/annulments.
//
// It refuses to know: offline receipts, taxes to be paid.
package sandbox
