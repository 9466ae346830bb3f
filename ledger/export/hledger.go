package export

import (
	"bufio"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// hledger writes a journal of hledger and ledger.
type hledger struct {
	out    *bufio.Writer // keeps its first error until Flush
	totals *totals

	// declared are the accounts and tags that have been, where they are declared as they come; nil
	// where the head declares all.
	declared map[string]bool
}

// ownTags are the tags of every entry; callers' links stand beside them.
var ownTags = []string{"key", "recorded", "seq"}

// exchangeTags are the tags of an exchange. The entry balances in each asset by itself,
// so the rate is said beside it and is no cost.
var exchangeTags = []string{"exact", "rate", "rate-at", "rate-source", "rounding"}

// openingAccount is what opening balances of a part of the books are booked against.
const openingAccount = "equity:opening-balances"

// head writes what both programs want declared before it is used.
func (w *hledger) head(x *index) error {
	fmt.Fprintf(w.out, "; provodka: book %s, debits positive, accounts under their class\n", clean(x.book))
	for _, s := range x.heads {
		fmt.Fprintf(w.out, "; shard %d: up to record %d, head %s\n", s.Shard, s.Head.Seq, s.Head.Hash)
	}
	if x.known != 0 {
		fmt.Fprintf(w.out, "; known at %s\n", moment(x.known))
	}
	fmt.Fprintln(w.out)
	for _, code := range slices.Sorted(maps.Keys(x.assets)) {
		asset, ok := money.LookupAsset(code)
		if !ok {
			return fmt.Errorf("there is no asset %q", code)
		}
		fmt.Fprintf(w.out, "commodity %s\n    format %s %s\n", commodity(code), sample(asset), commodity(code))
	}
	declared := map[string]bool{}
	if !w.totals.empty() {
		declared[openingAccount] = true
	}
	for _, name := range slices.Sorted(maps.Keys(x.accounts)) {
		account, err := underClass(name)
		if err != nil {
			return err
		}
		declared[account] = true
	}
	for _, account := range slices.Sorted(maps.Keys(declared)) {
		fmt.Fprintf(w.out, "account %s\n", account)
	}
	tags := slices.Concat(ownTags, slices.Collect(maps.Keys(x.links)))
	slices.Sort(tags)
	for _, tag := range slices.Compact(tags) {
		fmt.Fprintf(w.out, "tag %s\n", tag)
	}
	fmt.Fprintln(w.out)
	return nil
}

// sample shows an asset's full scale. Of an asset without places it shows one: hledger
// wants a decimal mark, and ledger does not take one with nothing behind it.
func sample(asset money.Asset) string {
	if asset.Scale == 0 {
		return "1000.0"
	}
	return asset.Format(money.New(1000, 0))
}

// commodity quotes what is not only letters.
func commodity(code string) string {
	if strings.IndexFunc(code, func(c rune) bool { return (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') }) >= 0 {
		return `"` + code + `"`
	}
	return code
}

var classNames = map[book.Class]string{
	book.Asset: "assets", book.Liability: "liabilities", book.Income: "income", book.Expense: "expenses", book.Equity: "equity",
}

// underClass puts an account's name under the name of its class.
func underClass(account string) (string, error) {
	kind, _, _ := strings.Cut(account, ":")
	t, ok := book.LookupType(kind)
	if !ok {
		return "", fmt.Errorf("account %q: the chart has no type %q", account, kind)
	}
	return classNames[t.Class] + ":" + account, nil
}

// declare declares what an entry names and nothing before it has.
func (w *hledger) declare(r *journalv1.Record, legs []*journalv1.Leg) error {
	var names []string
	for _, l := range legs {
		account, err := underClass(l.GetAccount())
		if err != nil {
			return err
		}
		names = append(names, "account "+account)
	}
	for _, tag := range tagsOf(r.GetEntry()) {
		names = append(names, "tag "+tag)
	}
	slices.Sort(names)
	for _, name := range names {
		if !w.declared[name] {
			w.declared[name] = true
			fmt.Fprintln(w.out, name)
		}
	}
	return nil
}

// tagsOf are the tags that an entry has beside those of every entry.
func tagsOf(e *journalv1.Entry) (tags []string) {
	for name := range e.GetLinks() {
		if tag := tagName(name); !slices.Contains(ownTags, tag) {
			tags = append(tags, tag)
		}
	}
	if e.GetExchange() != nil {
		tags = append(tags, exchangeTags...)
	}
	return tags
}

// entry writes one entry and tells how many postings it has.
func (w *hledger) entry(r *journalv1.Record) (int, error) { return w.write(r, r.GetLegs()) }

// write writes an entry with these of its legs.
func (w *hledger) write(r *journalv1.Record, legs []*journalv1.Leg) (int, error) {
	e, id := r.GetEntry(), document(r)
	fmt.Fprintf(w.out, "%s * (%s) %s\n", e.GetDay(), id, description(e))
	w.tag("seq", id)
	w.tag("recorded", moment(r.GetClockUs()))
	w.tag("key", r.GetKey())
	for _, name := range slices.Sorted(maps.Keys(e.GetLinks())) {
		if tag := tagName(name); !slices.Contains(ownTags, tag) && (e.GetExchange() == nil || !slices.Contains(exchangeTags, tag)) {
			w.tag(tag, e.GetLinks()[name])
		}
	}
	w.exchange(r)
	n := 0
	for _, l := range legs {
		if !posting(l) {
			continue
		}
		n++
		if err := w.posting(l); err != nil {
			return n, err
		}
	}
	return n, w.out.WriteByte('\n')
}

// exchange says how the two sums of an exchange belong together.
func (w *hledger) exchange(r *journalv1.Record) {
	x, legs := r.GetEntry().GetExchange(), r.GetLegs()
	if x == nil || len(legs) < 4 {
		return
	}
	of, per := legs[3].GetAsset(), legs[0].GetAsset()
	if x.GetInverse() {
		of, per = per, of
	}
	w.tag("rate", x.GetRate()+" "+of+" for one "+per)
	w.tag("rate-source", x.GetSource())
	w.tag("rate-at", moment(x.GetRateUs()))
	w.tag("exact", x.GetExact()+" "+legs[3].GetAsset())
	w.tag("rounding", x.GetRounding()+" "+x.GetDifference())
}

func (w *hledger) tag(name, value string) {
	if value = strings.TrimSpace(strings.ReplaceAll(clean(value), ",", " ")); value != "" {
		fmt.Fprintf(w.out, "    ; %s: %s\n", name, value)
	}
}

// posting writes one leg and what its account stands at after it.
func (w *hledger) posting(l *journalv1.Leg) error {
	account, err := underClass(l.GetAccount())
	if err != nil {
		return err
	}
	asset, ok := money.LookupAsset(l.GetAsset())
	if !ok {
		return fmt.Errorf("there is no asset %q", l.GetAsset())
	}
	amount, err := money.ParseSum(l.GetAmount())
	if err != nil {
		return err
	}
	if l.GetKind() == journalv1.LegKind_LEG_KIND_CREDIT {
		amount = amount.Neg()
	}
	code := commodity(asset.Code)
	if !w.totals.counts(l.GetAccount()) { // the rest of the entries that touch it is not here
		_, err = fmt.Fprintf(w.out, "    %-44s  %s %s\n", account, asset.Format(amount), code)
		return err
	}
	total := w.totals.add(l.GetAccount(), asset.Code, amount)
	_, err = fmt.Fprintf(w.out, "    %-44s  %s %s = %s %s\n", account, asset.Format(amount), code, asset.Format(total), code)
	return err
}

// opening writes what stood before a day. Of the whole books it balances by itself.
func (w *hledger) opening(day string) error {
	fmt.Fprintf(w.out, "%s * (opening) opening balances\n", day)
	rest := map[string]money.Amount{}
	var assets []string
	err := w.totals.each(func(name string, asset money.Asset, sum money.Amount) error {
		account, err := underClass(name)
		if err != nil {
			return err
		}
		if _, seen := rest[asset.Code]; !seen {
			assets = append(assets, asset.Code)
		}
		rest[asset.Code] = rest[asset.Code].Sub(sum)
		code := commodity(asset.Code)
		_, err = fmt.Fprintf(w.out, "    %-44s  %s %s = %s %s\n", account, asset.Format(sum), code, asset.Format(sum), code)
		return err
	})
	for _, code := range assets {
		if asset, _ := money.LookupAsset(code); !rest[code].IsZero() {
			fmt.Fprintf(w.out, "    %-44s  %s %s\n", openingAccount, asset.Format(rest[code]), commodity(code))
		}
	}
	fmt.Fprintln(w.out)
	return err
}

// end writes the last line: a file without it is not whole.
func (w *hledger) end(entries, postings int) error {
	fmt.Fprintf(w.out, "; end: %d entries, %d postings\n", entries, postings)
	return w.out.Flush()
}

// description is the entry's kind and what it belongs to.
func description(e *journalv1.Entry) string {
	words := []string{e.GetKind()}
	for _, name := range slices.Sorted(maps.Keys(e.GetLinks())) {
		words = append(words, e.GetLinks()[name])
	}
	text := clean(strings.Join(words, " "))
	if text == "" {
		return "entry"
	}
	return text
}

// longest bounds a foreign text, in characters.
const longest = 200

// clean makes a foreign text harmless in a description and in a comment: one line, one
// space at a time, and none of the characters by which hledger or ledger would cut it or
// read a date or a comment in it.
func clean(text string) string {
	var b strings.Builder
	n, space := 0, true
	for _, c := range text {
		switch {
		case c <= ' ', c == 0x7f, c == '\u0085', c == '\u00a0', c == '\u2028', c == '\u2029', c == '\ufeff':
			c = ' '
		case c == ';', c == '|':
			c = '/'
		case c == '[':
			c = '('
		case c == ']':
			c = ')'
		}
		if c == ' ' && space {
			continue
		}
		space = c == ' '
		if n++; n > longest {
			break
		}
		b.WriteRune(c)
	}
	return strings.TrimSpace(b.String())
}

// tagName makes a link's name a tag that neither program takes for one of its own.
func tagName(name string) string {
	tag := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
			return c
		case c >= 'A' && c <= 'Z':
			return c - 'A' + 'a'
		}
		return '_'
	}, name)
	switch tag {
	case "date", "date2", "type", "t", "assert", "":
		return "link_" + tag
	}
	return tag
}
