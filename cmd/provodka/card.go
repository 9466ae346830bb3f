package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

const cardLong = `The card of an account (карточка счёта): every posting with its document, the accounts on
the other side with their parts of the amount, and the balance after it. Dates and
bounds are as in "provodka statement".

  provodka card wallet:company-1 --from 2026-03-01 --until 2026-03-31`

func newCardCmd(env *Env) *cobra.Command {
	var f statementFlags
	cmd := &cobra.Command{
		Use: "card ACCOUNT", Short: "Card of an account with counter-accounts (карточка счёта)", Long: cardLong, Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			return runStatement(cmd.Context(), env, f, names[0], env.printCard)
		},
	}
	f.add(cmd)
	return cmd
}

// countersOf are the accounts on the other side of a leg.
func countersOf(r *journalv1.Record, leg int) ([]string, error) {
	postings, err := store.Counters(r, leg)
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, p := range postings {
		kind, _, _ := strings.Cut(p.Account, ":")
		t, _ := book.LookupType(kind)
		out = append(out, fmt.Sprintf("%s %s %s", t.Code1C, p.Account, inAsset(p.Asset, p.Amount)))
	}
	return out, nil
}

// wordsOf are an entry's links and metadata.
func wordsOf(e *journalv1.Entry) []string {
	out := []string{}
	for _, words := range []map[string]string{e.GetLinks(), e.GetMetadata()} {
		for _, name := range slices.Sorted(maps.Keys(words)) {
			out = append(out, oneLine(name+" = "+words[name]))
		}
	}
	return out
}

// oneLine makes a foreign text harmless on a terminal: control characters and those that
// turn the direction of writing are shown as what they are.
func oneLine(text string) string {
	var b strings.Builder
	for _, c := range text {
		if c < ' ' || c >= 0x7f && c < 0xa0 || c >= 0x200e && c <= 0x200f || c >= 0x2028 && c <= 0x202e || c >= 0x2066 && c <= 0x2069 {
			fmt.Fprintf(&b, "\\u%04x", c)
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}

func (e *Env) printCard(f statementFlags, s *statement) error {
	if e.json() {
		return e.printStatement(f, s)
	}
	code := s.account.key.Asset
	e.say("карточка счёта %s %s (%s), книга %s", s.account.kind.Code1C, s.account.name, code, f.book)
	t := table.New("Дата", "Записано", "Документ", "Содержание", "Корр. счёт", ">Дебет", ">Кредит", ">Сальдо")
	t.Add("", "", "", "Сальдо на начало", "", "", "", inAsset(code, s.opening))
	for _, l := range s.lines {
		content := l.Title
		if content == "" {
			content, _, _ = strings.Cut(l.What, ", ")
		}
		what := slices.Concat([]string{oneLine(content)}, l.Words)
		for i := range max(len(what), len(l.Counters)) {
			cells := make([]string, 8)
			if i == 0 {
				cells = []string{l.Day, l.Recorded, l.Document, "", "", dashed(l.Debit), dashed(l.Credit), l.Balance}
			}
			if i < len(what) {
				cells[3] = what[i]
			}
			if i < len(l.Counters) {
				cells[4] = l.Counters[i]
			}
			t.Add(cells...)
		}
	}
	t.Rule()
	t.Add("", "", "", "Обороты и сальдо на конец", "", inAsset(code, s.debit), inAsset(code, s.credit), inAsset(code, s.ending))
	return t.Write(e.Out)
}
