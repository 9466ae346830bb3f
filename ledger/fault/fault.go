package fault

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/provodka/provodka/ledger/machine"
)

//go:embed fault.md
var document string

// Code is the stable name of one reason for refusal.
type Code string

// Every code of fault.md. The table says what each means.
const (
	Malformed         Code = "malformed"
	AmountInvalid     Code = "amount_invalid"
	AccountInvalid    Code = "account_invalid"
	AssetUnknown      Code = "asset_unknown"
	Unbalanced        Code = "unbalanced"
	PurposeMixed      Code = "purpose_mixed"
	RateInvalid       Code = "rate_invalid"
	RateMismatch      Code = "rate_mismatch"
	RequestTooLarge   Code = "request_too_large"
	TooManyOperations Code = "too_many_operations"
	GroupTooLarge     Code = "group_too_large"
	GroupFailed       Code = "group_failed"
	GroupPartlyKnown  Code = "group_partly_known"
	AccountUnknown    Code = "account_unknown"
	AccountClosed     Code = "account_closed"
	AccountFrozen     Code = "account_frozen"
	AccountNotEmpty   Code = "account_not_empty"
	AccountChanging   Code = "account_changing"
	PeriodClosed      Code = "period_closed"
	PeriodChanging    Code = "period_changing"
	AccountOfFlow     Code = "account_of_flow"
	ApprovalRequired  Code = "approval_required"
	PolicyChanging    Code = "policy_changing"
	OwnRequest        Code = "own_request"
	InsufficientFunds Code = "insufficient_funds"
	ConditionFailed   Code = "condition_failed"
	SumTooLarge       Code = "sum_too_large"
	HoldUnknown       Code = "hold_unknown"
	HoldNotOpen       Code = "hold_not_open"
	HoldExceeded      Code = "hold_exceeded"
	EntryUnknown      Code = "entry_unknown"
	NotReversible     Code = "entry_not_reversible"
	ReversalExceeded  Code = "reversal_exceeded"
	OverpaidExceeded  Code = "overpaid_exceeded"
	KeyReused         Code = "key_reused"
	KeyTaken          Code = "key_taken"
	Expired           Code = "expired"
	Unavailable       Code = "unavailable"
	QueueFull         Code = "queue_full"
	Internal          Code = "internal"
	Rejected          Code = "rejected"
	NotFound          Code = "not_found"
	AlreadyExists     Code = "already_exists"
	WrongState        Code = "wrong_state"
	INNInvalid        Code = "inn_invalid"
	SNILSInvalid      Code = "snils_invalid"
	PassportInvalid   Code = "passport_invalid"
	IdentityMissing   Code = "identity_missing"
	RequisitesInvalid Code = "requisites_invalid"
	RequisitesMissing Code = "requisites_missing"
	IncomeDenied      Code = "income_denied"
	IncomeCap         Code = "income_cap"
	TaxRuleMissing    Code = "tax_rule_missing"
	CompanyTerminated Code = "company_terminated"
	CodeExpired       Code = "code_expired"
	CodeWrong         Code = "code_wrong"
	TooOften          Code = "too_often"
	TemplateInvalid   Code = "template_invalid"
	SheetDiffers      Code = "sheet_differs"
	LastOwner         Code = "last_owner"
	TooManyUsers      Code = "too_many_users"
	PasswordWeak      Code = "password_weak"
	LoginRefused      Code = "login_refused"
	NoticeRefused     Code = "notice_refused"
	NoticeLate        Code = "notice_late"
	ChannelMissing    Code = "channel_missing"
	PayoutRefused     Code = "payout_refused"
	PayoutWay         Code = "payout_way"
	PayoutLimit       Code = "payout_limit"
	PayoutLimitPeriod Code = "payout_limit_period"
	KindMismatch      Code = "kind_mismatch"
	LinkUsed          Code = "link_used"
	LinkRevoked       Code = "link_revoked"
	PhoneMismatch     Code = "phone_mismatch"
	PhoneUnconfirmed  Code = "phone_unconfirmed"
	IdentityUnproven  Code = "identity_unproven"
	IdentityDisputed  Code = "identity_disputed"
	OfferTaken        Code = "offer_taken"
	NotOffered        Code = "not_offered"
	KeptByLaw         Code = "kept_by_law"
	FileEncoding      Code = "file_encoding"
	FileFormat        Code = "file_format"
	FileTruncated     Code = "file_truncated"
	FileTotals        Code = "file_totals"
	StatementSource   Code = "statement_source"
	Unauthenticated   Code = "unauthenticated"
	PermissionDenied  Code = "permission_denied"
	PositionTimeout   Code = "position_timeout"
)

// codes is compared with the table both ways at start.
var codes = []Code{
	Malformed, AmountInvalid, AccountInvalid, AssetUnknown, Unbalanced, PurposeMixed, RateInvalid, RateMismatch, RequestTooLarge, TooManyOperations,
	GroupTooLarge, GroupFailed, GroupPartlyKnown, AccountUnknown, AccountClosed, AccountFrozen,
	AccountNotEmpty, AccountChanging, PeriodClosed, PeriodChanging, AccountOfFlow, ApprovalRequired, PolicyChanging, OwnRequest, InsufficientFunds,
	ConditionFailed, SumTooLarge, HoldUnknown, HoldNotOpen, HoldExceeded, EntryUnknown, NotReversible, ReversalExceeded, OverpaidExceeded,
	KeyReused, KeyTaken, Expired, Unavailable, QueueFull, Internal,
	Rejected, NotFound, AlreadyExists, WrongState, INNInvalid, SNILSInvalid, PassportInvalid, IdentityMissing, RequisitesInvalid, RequisitesMissing,
	IncomeDenied, IncomeCap, TaxRuleMissing, CompanyTerminated, CodeExpired, CodeWrong, TooOften, NoticeRefused, NoticeLate, ChannelMissing, TemplateInvalid, SheetDiffers, LastOwner, TooManyUsers, PasswordWeak, LoginRefused, PayoutRefused, PayoutWay, PayoutLimit, PayoutLimitPeriod, KindMismatch, KeptByLaw, FileEncoding, FileFormat, FileTruncated, FileTotals, StatementSource,
	OfferTaken, NotOffered, LinkUsed, LinkRevoked, PhoneMismatch, PhoneUnconfirmed, IdentityUnproven, IdentityDisputed,
	Unauthenticated, PermissionDenied, PositionTimeout,
}

// Kind says what sort of answer a code is; the API maps kinds to its own codes.
type Kind string

// The kinds of fault.md.
const (
	Invalid Kind = "invalid"
	State   Kind = "state"
	Missing Kind = "missing"
	Exists  Kind = "exists"
	Denied  Kind = "denied"
	Busy    Kind = "busy"
)

// Retry says whether asking again can help.
type Retry string

// The answers to "can a retry help?".
const (
	RetryNever   Retry = "never"   // the same request will be refused again
	RetryChanged Retry = "changed" // after the books changed, with a new key
	RetrySame    Retry = "same"    // the same request with the same key
)

// Info is one row of the table.
type Info struct {
	Code             Code
	Kind             Kind
	Retry            Retry
	Remembered       bool // stored under the request's key for ever
	Russian, English string
}

var table = mustParse()

func mustParse() map[Code]Info {
	parsed, err := parse(document)
	if err != nil {
		panic(err)
	}
	return parsed
}

func parse(text string) (map[Code]Info, error) {
	tables, err := machine.ParseTables("ledger/fault/fault.md", text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Refusals")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Code", "Kind", "Retry", "Remembered", "Russian", "English"); err != nil {
		return nil, err
	}
	infos := map[Code]Info{}
	var names []string
	for _, r := range t.Rows {
		i := Info{
			Code: Code(r.Cell("Code")), Kind: Kind(r.Cell("Kind")), Retry: Retry(r.Cell("Retry")),
			Remembered: r.Cell("Remembered") == "yes", Russian: r.Cell("Russian"), English: r.Cell("English"),
		}
		if !slices.Contains([]Kind{Invalid, State, Missing, Exists, Denied, Busy}, i.Kind) ||
			!slices.Contains([]Retry{RetryNever, RetryChanged, RetrySame}, i.Retry) {
			return nil, r.Errorf("unknown kind %q or retry %q", i.Kind, i.Retry)
		}
		if _, twice := infos[i.Code]; twice {
			return nil, r.Errorf("code %s stands twice", i.Code)
		}
		infos[i.Code] = i
		names = append(names, string(i.Code))
	}
	program := make([]string, len(codes))
	for i, c := range codes {
		program[i] = string(c)
	}
	return infos, machine.Names("refusal code", names, program)
}

// Lookup gives the table's row of a code. A code that is not in the table is a
// broken invariant: panic.
func (c Code) Lookup() Info {
	i, ok := table[c]
	if !ok {
		panic("fault: unknown code " + string(c))
	}
	return i
}

// Known says whether the text is a code of the table.
func Known(text string) bool { _, ok := table[Code(text)]; return ok }

// Table lists all rows by code, for documentation pages.
func Table() []Info {
	return slices.SortedFunc(maps.Values(table), func(a, b Info) int { return strings.Compare(string(a.Code), string(b.Code)) })
}

// Refusal is one refusal of one request. A nil *Refusal means: not refused.
type Refusal struct {
	Code   Code
	Field  string            // path of the request's field, "legs[1].amount"; "" when it is about no field
	Reason string            // English, one sentence, with the numbers that decided it
	Facts  map[string]string // the numbers by name: "account", "available", "asked"
}

// Refuse makes a refusal about a field.
func Refuse(code Code, field, format string, args ...any) *Refusal {
	code.Lookup()
	return &Refusal{Code: code, Field: field, Reason: fmt.Sprintf(format, args...)}
}

// With adds a fact and returns the same refusal.
func (r *Refusal) With(name, value string) *Refusal {
	if r.Facts == nil {
		r.Facts = map[string]string{}
	}
	r.Facts[name] = value
	return r
}

// At puts a prefix before the field: a refusal of one operation becomes one of
// the batch. It returns the same refusal.
func (r *Refusal) At(prefix string) *Refusal {
	if r.Field == "" {
		r.Field = prefix
	} else {
		r.Field = prefix + "." + r.Field
	}
	return r
}

// Error makes a refusal usable where Go wants an error: validators and clients.
func (r *Refusal) Error() string {
	if r.Field == "" {
		return string(r.Code) + ": " + r.Reason
	}
	return string(r.Code) + ": " + r.Field + ": " + r.Reason
}
