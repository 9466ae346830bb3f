package fns

import (
	"cmp"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
)

// question is what we asked the service.
type question string

const (
	register question = "register"
	check    question = "check"
	annul    question = "annul"
	entity   question = "entity"
	bind     question = "bind"
	bound    question = "bound"
	standing question = "standing"
	receipts question = "receipts"
	earned   question = "earned"

	documents question = "documents"
)

// row says what a code of SmzPlatformError means as an answer to a question.
type row struct {
	asked  question
	code   string
	result port.Result
	fault  fault.Code // of a refusal
	means  string
}

// table is all that we understand [H: the codes; the mapping is ours]. What is not
// here is Unknown, kept raw.
var table = []row{
	{register, "DUPLICATE", port.Done, "", "this attempt was registered before; RECEIPT_ID and RECEIPT_URL are of that receipt"},
	{register, "TAXPAYER_UNREGISTERED", port.Refused, fault.IncomeDenied, "the person is not on NPD"},
	{register, "TAXPAYER_UNBOUND", port.Refused, fault.IncomeDenied, "the person took the binding to us back"},
	{register, "PERMISSION_NOT_GRANTED", port.Refused, fault.IncomeDenied, "the person took the permission back"},
	{register, "REQUEST_VALIDATION_ERROR", port.Refused, fault.Malformed, "the data are wrong: another attempt with other data may pass"},
	{register, "INTERNAL_ERROR", port.Unknown, "", "theirs: ask again"},
	{register, "PARTNER_DENY", port.Unknown, "", "we are not let in: not the income's fault"},

	{check, "TAXPAYER_UNREGISTERED", port.Refused, fault.IncomeDenied, "the person is not on NPD"},
	{check, "TAXPAYER_UNBOUND", port.Refused, fault.IncomeDenied, "the person is not bound to us"},
	{check, "PERMISSION_NOT_GRANTED", port.Refused, fault.IncomeDenied, "the person gave us no such permission"},
	{check, "REQUEST_VALIDATION_ERROR", port.Unknown, "", "our question is wrong: it says nothing of the person"},
	{check, "INTERNAL_ERROR", port.Unknown, "", "theirs: ask again"},
	{check, "PARTNER_DENY", port.Unknown, "", "we are not let in"},

	{annul, "ALREADY_DELETED", port.Done, "", "the receipt is annulled, by us before or by the person"},
	{annul, "RECEPT_ID_NOT_FOUND", port.Refused, fault.NotFound, "there is no such receipt (spelled so)"},
	{annul, "TAXPAYER_UNBOUND", port.Refused, fault.IncomeDenied, "the person took the binding to us back"},
	{annul, "PERMISSION_NOT_GRANTED", port.Refused, fault.IncomeDenied, "the person gave us no permission to annul"},
	{annul, "REQUEST_VALIDATION_ERROR", port.Refused, fault.Malformed, "the data are wrong"},
	{annul, "INTERNAL_ERROR", port.Unknown, "", "theirs: ask again"},
	{annul, "PARTNER_DENY", port.Unknown, "", "we are not let in"},

	{bind, "TAXPAYER_UNREGISTERED", port.Refused, fault.IncomeDenied, "the person is not on NPD: there is nobody to be asked"},
	{bind, "REQUEST_VALIDATION_ERROR", port.Refused, fault.Malformed, "the INN or the phone is wrong, or a permission is"},
	{bind, "INTERNAL_ERROR", port.Unknown, "", "theirs: ask again"},
	{bind, "PARTNER_DENY", port.Unknown, "", "we are not let in"},

	{bound, "REQUEST_VALIDATION_ERROR", port.Unknown, "", "our question is wrong: it says nothing of the person"},
	{bound, "INTERNAL_ERROR", port.Unknown, "", "theirs: ask again"},
	{bound, "PARTNER_DENY", port.Unknown, "", "we are not let in"},

	{standing, "TAXPAYER_UNREGISTERED", port.Done, "", "the person is not on NPD"},
	{standing, "TAXPAYER_UNBOUND", port.Done, "", "the person is not bound to us"},
	{standing, "PERMISSION_NOT_GRANTED", port.Done, "", "bound, without the permission to be asked about"},
	{standing, "REQUEST_VALIDATION_ERROR", port.Unknown, "", "our question is wrong: it says nothing of the person"},
	{standing, "INTERNAL_ERROR", port.Unknown, "", "theirs: ask again"},
	{standing, "PARTNER_DENY", port.Unknown, "", "we are not let in"},

	{documents, "TAXPAYER_UNREGISTERED", port.Refused, fault.IncomeDenied, "the person is not on NPD"},
	{documents, "TAXPAYER_UNBOUND", port.Refused, fault.IncomeDenied, "the person is not bound to us"},
	{documents, "PERMISSION_NOT_GRANTED", port.Refused, fault.IncomeDenied, "the person pays the tax by himself"},
	{documents, "REQUEST_VALIDATION_ERROR", port.Unknown, "", "our question is wrong: it says nothing of the person"},
	{documents, "INTERNAL_ERROR", port.Unknown, "", "theirs: ask again"},
	{documents, "PARTNER_DENY", port.Unknown, "", "we are not let in"},

	{receipts, "TAXPAYER_UNREGISTERED", port.Refused, fault.IncomeDenied, "the person is not on NPD any more: his receipts cannot be read"},
	{receipts, "TAXPAYER_UNBOUND", port.Refused, fault.IncomeDenied, "the person took the binding to us back"},
	{receipts, "PERMISSION_NOT_GRANTED", port.Refused, fault.IncomeDenied, "the person does not let us see the receipts"},
	{receipts, "REQUEST_VALIDATION_ERROR", port.Unknown, "", "our question is wrong: it says nothing of the receipts"},
	{receipts, "INTERNAL_ERROR", port.Unknown, "", "theirs: ask again"},
	{receipts, "PARTNER_DENY", port.Unknown, "", "we are not let in"},

	{earned, "TAXPAYER_UNREGISTERED", port.Refused, fault.IncomeDenied, "the person is not on NPD any more: his income cannot be read"},
	{earned, "TAXPAYER_UNBOUND", port.Refused, fault.IncomeDenied, "the person took the binding to us back"},
	{earned, "PERMISSION_NOT_GRANTED", port.Refused, fault.IncomeDenied, "the person does not let us see the income"},
	{earned, "REQUEST_VALIDATION_ERROR", port.Unknown, "", "our question is wrong: it says nothing of the income"},
	{earned, "INTERNAL_ERROR", port.Unknown, "", "theirs: ask again"},
	{earned, "PARTNER_DENY", port.Unknown, "", "we are not let in"},

	{entity, "REQUEST_VALIDATION_ERROR", port.Unknown, "", "our question is wrong: it says nothing of the company"},
	{entity, "INTERNAL_ERROR", port.Unknown, "", "theirs: ask again"},
	{entity, "PARTNER_DENY", port.Unknown, "", "we are not let in"},
}

// Arguments of DUPLICATE [H].
const (
	argReceiptID   = "RECEIPT_ID"
	argReceiptLink = "RECEIPT_URL"
)

// Words of our own, for people, where the service answers without words.
const (
	unregisteredWords = "Снят с учёта плательщика налога на профессиональный доход"
	noPermissionWords = "Исполнитель не дал права регистрировать доход в приложении «Мой налог»"
)

// understand turns a platform error into an answer by the table.
func understand(asked question, e *platformError) port.Answer {
	for _, r := range table {
		if r.asked != asked || r.code != e.Code {
			continue
		}
		a := port.Answer{Result: r.result, Status: clip(e.Code), Code: r.fault, Reason: cmp.Or(e.words(), e.Code)}
		if r.result == port.Done {
			a.ReceiptID, a.ReceiptLink, a.Reason = e.arg(argReceiptID), e.arg(argReceiptLink), ""
		}
		return a
	}
	return port.Answer{Result: port.Unknown, Status: clip(cmp.Or(e.Code, "SmzPlatformError without a code")), Reason: e.words()}
}
