package incoming

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Line is one line of a statement as the private table keeps it.
type Line struct {
	Account      string       // our account, 20 digits
	Debit        bool         // money left it
	Day          string       // value date, YYYY-MM-DD
	Number       string       // of the order; not unique by itself
	DocumentDay  string       // date of the order, YYYY-MM-DD
	BankOrder    bool         // an order of the bank itself («Банковский ордер», operation kind 17)
	Amount       money.Amount // rubles, scale 2, positive
	OtherINN     string       // the counterparty's, "" or "0" when unknown
	OtherAccount string       // the counterparty's account, 20 digits
	Purpose      string
	Nth          int // 0 for the first line of this content, 1 for its twin, …
}

// Candidate is a company that could have sent money.
type Candidate struct {
	CompanyID string
	INN       string
	Marker    string   // the word it was given for the purpose of its transfers
	Contracts []string // numbers of its contracts
	Accounts  []string // accounts that have paid for it before, 20 digits
}

// Payout is a payment of ours: one that no statement has shown yet, or one that has not
// come back.
type Payout struct {
	Attempt string       // 32 hex digits
	Number  string       // of its order, "" when the bank gives none
	Account string       // the payee's, 20 digits
	Amount  money.Amount // rubles, scale 2
	Shown   bool         // a statement has shown it
}

// Known is what a line is compared with.
type Known struct {
	Own       map[string]string // our accounts, 20 digits, to their names in the books: "settlement"
	BankINN   string            // our bank's
	Companies []Candidate
	Payouts   []Payout // that no statement has shown
	Out       []Payout // that have not come back
}

// Matched says what a line is. Rules and suggestions are ids and names of rules
// only: fit for the log.
type Matched struct {
	Kind         flowv1.LineKind
	CompanyID    string // of a top-up or a deposit
	OtherAccount string // of an own transfer, its name in the books
	Attempt      string // of a known debit, or of a payment that came back
	Rules        []string
	Suggestions  []*flowv1.Suggestion // of an unmatched line, heaviest first, then by id
}

// Match says what a line is by the rules of incoming.md. It never guesses: what
// does not point to exactly one company, which is the payer itself, is unmatched.
func Match(l Line, k Known) Matched {
	if name, ok := k.Own[l.OtherAccount]; ok && l.OtherAccount != l.Account {
		return Matched{Kind: flowv1.LineKind_LINE_KIND_OWN_TRANSFER, OtherAccount: name, Rules: []string{ruleOwnAccount}}
	}
	if l.Debit {
		return matchDebit(l, k)
	}
	return matchCredit(l, k)
}

// matchDebit knows our own payments and the bank's charges.
func matchDebit(l Line, k Known) Matched {
	purpose := plain(l.Purpose)
	var marked, ordered []Payout
	for _, p := range k.Payouts {
		if !p.Amount.Equal(l.Amount) {
			continue
		}
		if len(p.Attempt) >= markerDigits && strings.Contains(purpose, strings.ToUpper(p.Attempt[:markerDigits])) {
			marked = append(marked, p)
		}
		if p.Account != "" && p.Account == l.OtherAccount && (p.Number == "" || p.Number == l.Number) {
			ordered = append(ordered, p)
		}
	}
	switch {
	case len(marked) == 1:
		return Matched{Kind: flowv1.LineKind_LINE_KIND_KNOWN_DEBIT, Attempt: marked[0].Attempt, Rules: []string{rulePayoutMarker}}
	case len(marked) == 0 && len(ordered) == 1:
		return Matched{Kind: flowv1.LineKind_LINE_KIND_KNOWN_DEBIT, Attempt: ordered[0].Attempt, Rules: []string{rulePayoutOrder}}
	case (l.BankOrder || k.BankINN != "" && l.OtherINN == k.BankINN) && says(wordCharge, purpose):
		return Matched{Kind: flowv1.LineKind_LINE_KIND_BANK_FEE, Rules: []string{ruleBankCharge}}
	}
	return Matched{Kind: flowv1.LineKind_LINE_KIND_UNKNOWN_DEBIT}
}

// returnedByMarker finds the one payment that came back by the digits in the purpose.
func returnedByMarker(l Line, purpose string, out []Payout) string {
	return only(out, func(p Payout) bool {
		return p.Amount.Equal(l.Amount) && len(p.Attempt) >= markerDigits && strings.Contains(purpose, strings.ToUpper(p.Attempt[:markerDigits]))
	})
}

// returnedByAccount finds the one payment that came back by payer and sum, where the purpose
// says that it is a return.
func returnedByAccount(l Line, purpose string, out []Payout) string {
	if !says(wordReturn, purpose) {
		return ""
	}
	return only(out, func(p Payout) bool {
		return p.Shown && p.Account != "" && p.Account == l.OtherAccount && p.Amount.Equal(l.Amount)
	})
}

// only is the attempt of the one payment that fits; "" when none does, or several.
func only(all []Payout, fits func(Payout) bool) string {
	attempt := ""
	for _, p := range all {
		switch {
		case !fits(p):
		case attempt != "":
			return ""
		default:
			attempt = p.Attempt
		}
	}
	return attempt
}

// found is the evidence for one company.
type found struct {
	company Candidate
	rules   []string
	weight  uint32
	named   bool // the purpose names it
	payer   bool // the payer is the company itself
}

// matchCredit gathers the evidence and decides when it points one way.
func matchCredit(l Line, k Known) Matched {
	var (
		evidence []found
		purpose  = plain(l.Purpose)
		named    []found
	)
	for _, c := range k.Companies {
		f := look(l, purpose, c)
		if len(f.rules) == 0 {
			continue
		}
		evidence = append(evidence, f)
		if f.named {
			named = append(named, f)
		}
	}
	slices.SortFunc(evidence, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), strings.Compare(a.company.CompanyID, b.company.CompanyID))
	})
	if attempt := returnedByMarker(l, purpose, k.Out); attempt != "" {
		return Matched{Kind: flowv1.LineKind_LINE_KIND_RETURNED_PAYOUT, Attempt: attempt, Rules: []string{ruleReturnedMarker}}
	}
	if sure, ok := decided(evidence, named); ok {
		m := Matched{Kind: flowv1.LineKind_LINE_KIND_TOPUP, CompanyID: sure.company.CompanyID, Rules: sure.rules}
		if says(wordDeposit, purpose) {
			m.Kind = flowv1.LineKind_LINE_KIND_DEPOSIT
		}
		return m
	}
	if attempt := returnedByAccount(l, purpose, k.Out); attempt != "" && !slices.ContainsFunc(evidence, func(f found) bool { return f.payer }) {
		return Matched{Kind: flowv1.LineKind_LINE_KIND_RETURNED_PAYOUT, Attempt: attempt, Rules: []string{ruleReturnedAccount}}
	}
	m := Matched{Kind: flowv1.LineKind_LINE_KIND_UNMATCHED}
	for _, f := range evidence {
		m.Suggestions = append(m.Suggestions, &flowv1.Suggestion{CompanyId: f.company.CompanyID, Rules: f.rules, Weight: f.weight})
	}
	return m
}

// decided picks the one company that everything points to.
func decided(evidence, named []found) (found, bool) {
	if len(named) > 1 {
		return found{}, false
	}
	if len(named) == 1 {
		// Companies of the same INN are one payer; the purpose says which is meant.
		others := slices.ContainsFunc(evidence, func(f found) bool {
			return f.company.CompanyID != named[0].company.CompanyID && f.company.INN != named[0].company.INN
		})
		return named[0], named[0].payer && !others
	}
	if len(evidence) != 1 {
		return found{}, false
	}
	return evidence[0], evidence[0].payer
}

// look gathers what speaks for one company.
func look(l Line, purpose string, c Candidate) found {
	f := found{company: c}
	add := func(rule string, holds bool) {
		if holds {
			f.rules = append(f.rules, rule)
			f.weight += weights[rule].Weight
		}
	}
	contract := slices.ContainsFunc(c.Contracts, func(n string) bool { return hasWords(purpose, n) })
	inn := known(l.OtherINN) && l.OtherINN == c.INN
	account := l.OtherAccount != "" && slices.Contains(c.Accounts, l.OtherAccount)
	add(ruleMarker, hasWords(purpose, c.Marker))
	add(ruleContract, contract)
	f.named = len(f.rules) > 0
	add(ruleINN, inn)
	add(ruleAccount, account)
	f.payer = inn || account && !known(l.OtherINN)
	return f
}

// known says whether a statement gives an INN: banks write 0 for none.
func known(inn string) bool { return strings.Trim(inn, "0 ") != "" }

// minWords is how long a marker or a contract number must be to be looked for: a
// contract "1" stands in every purpose.
const minWords = 4

// markerDigits is how much of a payout's attempt its purpose carries.
const markerDigits = 12

// hasWords says whether the words stand in a plain purpose, whole.
func hasWords(purpose, words string) bool {
	w := plain(words)
	return len([]rune(w)) >= minWords && strings.Contains(" "+purpose+" ", " "+w+" ")
}

// plain brings a text to capitals, ё to е, and anything but letters and digits to
// one space.
func plain(text string) string {
	up := strings.Map(func(r rune) rune {
		switch r = unicode.ToUpper(r); {
		case r == 'Ё':
			return 'Е'
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return r
		}
		return ' '
	}, text)
	return strings.Join(strings.Fields(up), " ")
}

// says whether a plain purpose has words of the kind.
func says(kind, purpose string) bool {
	return slices.ContainsFunc(wordsOf[kind], func(w string) bool { return hasWords(purpose, w) })
}

// LineID derives a line's id from its content: 32 hex digits of HMAC-SHA-256, so
// that the log shows which lines are the same and nothing about them. Both sides
// of a transfer between own accounts have one id: it is booked once.
func LineID(key []byte, l Line, own map[string]string) string {
	side, from := "credit", l.OtherAccount
	to := l.Account
	if l.Debit {
		side, from, to = "debit", l.Account, l.OtherAccount
	}
	parts := []string{side, from, to, l.Day, l.Number, money.RUB.Format(l.Amount), l.OtherINN, plain(l.Purpose)}
	if _, ours := own[l.OtherAccount]; ours {
		parts = []string{"own", from, to, l.DocumentDay, l.Number, money.RUB.Format(l.Amount)}
	}
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		mac.Write([]byte(p))
	}
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(l.Nth)))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
