package product

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/provodka/provodka/api/rest"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// asked is a call as it was asked: who asks, for what, and the fields as they were read.
type asked struct {
	Caller
	key, id string
	route   *route
	raw     map[string]json.RawMessage
	texts   map[string]string
	lists   map[string][]string // of fields of kind texts and list
	wrong   faults
}

// faults are the fields that are wrong, with a code each and words.
type faults struct {
	first *fault.Refusal
	words map[string][]string
}

func (f *faults) add(code fault.Code, field, words, reason string) {
	if f.first == nil {
		f.first, f.words = fault.Refuse(code, field, "%s", reason), map[string][]string{}
	}
	f.words[field] = append(f.words[field], words)
}

// Words of fields that are wrong whatever they are.
const (
	wordsUnknown  = "неизвестное поле"
	wordsRequired = "обязательное поле"
	wordsDiffer   = "значения различаются"
	wordsTwice    = "поле указано дважды"
)

// read takes the fields out of body and query. What cannot be read at all is refused,
// what single fields have wrong is gathered.
func (a *asked) read(req *http.Request) (*fault.Refusal, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	query, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return fault.Refuse(fault.Malformed, "", "the query cannot be read: %v", err), nil
	}
	if !written(a.route.verb) {
		if len(bytes.TrimSpace(body)) > 0 {
			return fault.Refuse(fault.Malformed, "", "%s takes no body", a.route.verb), nil
		}
		a.readQuery(query)
		return nil, nil
	}
	for name := range query {
		a.wrong.add(fault.Malformed, name, wordsUnknown, "the query takes nothing")
	}
	fields := map[string]json.RawMessage{}
	if refusal := rest.ReadObject(body, fields); refusal != nil {
		return refusal, nil
	}
	a.flatten("", fields)
	for _, f := range a.route.fields {
		if raw, ok := a.raw[f.name]; ok {
			a.readField(f, raw)
		} else if f.required {
			a.wrong.add(fault.Malformed, f.name, wordsRequired+": "+f.words, "the field is missing")
		}
	}
	return nil, nil
}

// flatten names the fields of objects within objects; null is a field that is not there.
func (a *asked) flatten(prefix string, fields map[string]json.RawMessage) {
	for name, raw := range fields {
		name = prefix + name
		switch f := a.route.field(name); {
		case f == nil && !a.route.object(name):
			a.wrong.add(fault.Malformed, name, wordsUnknown, "the call does not know the field")
		case string(raw) == "null" && (f == nil || f.kind != kindJSON):
		case f != nil:
			a.raw[name] = raw
		default:
			inner := map[string]json.RawMessage{}
			if refusal := rest.ReadObject(raw, inner); refusal != nil {
				a.wrong.add(fault.Malformed, name, "ожидается объект", refusal.Reason)
			}
			a.flatten(name+".", inner)
		}
	}
}

// readField reads one value by its kind, and never turns a number into another form.
func (a *asked) readField(f field, raw json.RawMessage) {
	text, isText := "", raw[0] == '"'
	if isText {
		if json.Unmarshal(raw, &text) != nil {
			isText = false
		}
	}
	isNumber := raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'
	ok := false
	switch f.kind {
	case kindText:
		ok = isText
	case kindAmount:
		if isNumber {
			text = string(raw)
		}
		_, err := money.RUB.Parse(text)
		if ok = isNumber || isText; ok && (err != nil || strings.HasPrefix(text, "-")) {
			a.wrong.add(fault.AmountInvalid, f.name, f.words, "rubles are digits, a dot, at most two places")
			return
		}
	case kindCount:
		text = string(raw)
		n, err := strconv.ParseUint(text, 10, 16)
		ok = err == nil && n > 0
	case kindFlag:
		text = string(raw)
		ok = text == "true" || text == "false"
	case kindJSON:
		text, ok = string(raw), true
	case kindList:
		list := []string{}
		ok = json.Unmarshal(raw, &list) == nil
		a.lists[f.name] = list
	case kindWords:
		if ok = isText; raw[0] == '{' {
			text, ok = string(raw), true
		}
	}
	if !ok {
		a.wrong.add(fault.Malformed, f.name, f.words, "the field is not of the kind "+f.kind)
		return
	}
	a.texts[f.name] = text
}

func (a *asked) readQuery(query url.Values) {
	for name, values := range query {
		switch f := a.route.field(name); {
		case f == nil:
			a.wrong.add(fault.Malformed, name, wordsUnknown, "the call does not know the field")
		case f.kind == kindTexts:
			for _, v := range values {
				a.lists[name] = append(a.lists[name], strings.Split(v, ",")...)
			}
		case len(values) > 1:
			a.wrong.add(fault.Malformed, name, wordsTwice, "the field stands twice")
		default:
			a.texts[name] = values[0]
		}
	}
}

// text is the field's text; "" when it is not there.
func (a *asked) text(name string) string { return a.texts[name] }

// flag is false when it is not there.
func (a *asked) flag(name string) bool { return a.texts[name] == "true" }

// given says whether the field is there.
func (a *asked) given(name string) bool { _, ok := a.texts[name]; return ok }

// count is 0 when it is not there.
func (a *asked) count(name string) uint32 {
	n, err := strconv.ParseUint(a.texts[name], 10, 16)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// one is the value of a field that has an older name; when both are given they agree.
// Without either the field is missing, if it is required.
func (a *asked) one(name, older string, required bool, same func(a, b string) bool) string {
	first, second := a.text(name), a.text(older)
	switch {
	case first != "" && second != "" && !same(first, second):
		a.wrong.add(fault.Malformed, name, name+", "+older+": "+wordsDiffer, name+" and "+older+" differ")
	case first == "" && second == "" && required && len(a.wrong.words[name]) == 0 && len(a.wrong.words[older]) == 0:
		a.wrong.add(fault.Malformed, name, wordsRequired+": "+a.route.field(name).words, "neither "+name+" nor "+older+" is given")
	}
	if first == "" {
		return second
	}
	return first
}

func equal(a, b string) bool { return a == b }

// sameAmount compares rubles: 100 is 100.00.
func sameAmount(a, b string) bool {
	x, err := money.RUB.Parse(a)
	y, failed := money.RUB.Parse(b)
	return err == nil && failed == nil && x.Cmp(y) == 0
}
