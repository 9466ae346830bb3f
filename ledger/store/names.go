package store

import (
	"strings"

	"github.com/provodka/provodka/ledger/book"
)

// knownNames are the ids of names seen, by book; bounded by maxAccountsKept. They keep
// no text of a record, which may share the memory of a whole command.
type knownNames struct {
	books map[string]map[string]book.AccountID
	book  string // the one asked for last
	names map[string]book.AccountID
	count int
}

// maxAccountsKept bounds the names whose ids are remembered from batch to batch.
const maxAccountsKept = 1 << 15

func (a *knownNames) of(bookName, name string) book.AccountID {
	if a.names == nil || a.book != bookName {
		if a.books == nil {
			a.books = map[string]map[string]book.AccountID{}
		}
		a.book = strings.Clone(bookName)
		if a.names = a.books[bookName]; a.names == nil {
			a.names = map[string]book.AccountID{}
			a.books[a.book] = a.names
		}
	}
	id, ok := a.names[name]
	if !ok {
		id = book.ID(bookName, name)
		a.names[strings.Clone(name)] = id
		a.count++
	}
	return id
}

// bound forgets everything when there is too much.
func (a *knownNames) bound() {
	if a.count > maxAccountsKept {
		*a = knownNames{}
	}
}
