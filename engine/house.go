package engine

import (
	"strings"

	"github.com/provodka/provodka/ledger"
)

// What the house does on its own account has keys that anybody could work out, so that done
// twice it is done once: a caller who took one beforehand would stand in its way. The gate
// lets no caller use a key that begins so; a key that has chance or a secret in it needs no
// row. A test of lint finds every key that the program makes and wants it here.
var houseKeys = []string{
	answerPrefix, EffectKey, auditPrefix, ledger.SheetKey, // checked again where the engine takes operations
	"change:",               // a line of a bank's statement that the bank changed: line, version, day
	"closing:",              // a company's monthly documents begin
	"contact:",              // a company knows an executor: way and both
	"feed:",                 // what the tax service's lists say of somebody
	"line:",                 // a line of a bank's statement
	"recheck.",              // a payment that stopped is told what has changed: record and task
	"remit-contribution:",   // contributions of one person are collected: account and what went before
	"remit-tax-",            // and taxes
	"signing:",              // a document is sent to be signed
	"lists:",                // the tax service's lists begin to be read
	"api:", "app/", "user:", // whose key it is: of a company's program, a person, a company's person
}

// houseBegins are the first bytes of keys of the house: most callers' keys have another.
var houseBegins = func() (begins [256]bool) {
	for _, prefix := range houseKeys {
		begins[prefix[0]] = true
	}
	return begins
}()

// HouseKey gives the words with which a key of the house begins; "" for a caller's key.
func HouseKey(key string) string {
	if key == "" || !houseBegins[key[0]] {
		return ""
	}
	for _, prefix := range houseKeys {
		if strings.HasPrefix(key, prefix) {
			return prefix
		}
	}
	return ""
}

// HouseKeys are the words with which keys of the house begin.
func HouseKeys() []string { return houseKeys }
