package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal/proof"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

const verifyLong = `Check a proof with nothing but the file and the installation's verifier keys: no
database, no broker, no network. It prints what was proven, in Russian or English.

  provodka verify entry.proof --key checkpoint.key.pub

--key is a file of verifier keys, or a key itself; take it from somebody you trust, not
from whoever gave you the proof. Exit 0: it is proven; exit 3 names what does not fit.

An account's history is whole between the versions that are printed: the versions of a
stripe are dense, and each sum follows from the one before. What came after the last
version, and stripes on shards that are not listed, are not part of it.`

func newVerifyCmd(env *Env) *cobra.Command {
	var keys []string
	var lang string
	cmd := &cobra.Command{
		Use: "verify PROOF", Short: "Check a proof offline", Long: verifyLong, Args: args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, list []string) error {
			known, err := readKeys(keys)
			if err != nil {
				return err
			}
			words, ok := proofWords[cmp.Or(lang, env.language())]
			if !ok {
				return usagef("--lang %q: ru or en", lang)
			}
			file, err := os.ReadFile(list[0])
			if err != nil {
				return err
			}
			p, err := proof.Decode(file)
			var v *proof.Verified
			if err == nil {
				v, err = p.Verify(known)
			}
			if err != nil {
				return unproven(env, words, err)
			}
			if env.json() {
				return env.printJSON(verifiedJSON(v))
			}
			_, err = fmt.Fprint(env.Out, words.tell(v))
			return err
		},
	}
	cmd.Flags().StringArrayVar(&keys, "key", nil, "verifier keys: a file of them, or one key; may be repeated")
	cmd.Flags().StringVar(&lang, "lang", "", "ru or en (default: that of the environment)")
	return cmd
}

func readKeys(list []string) (proof.Keys, error) {
	if len(list) == 0 {
		return nil, usagef("--key: whose checkpoints are believed? The installation's file of verifier keys")
	}
	var all proof.Keys
	for _, text := range list {
		if raw, err := os.ReadFile(text); err == nil {
			text = string(raw)
		} else if !strings.Contains(text, "+") {
			return nil, err
		}
		keys, err := proof.ParseKeys(text)
		if err != nil {
			return nil, usageError{fmt.Errorf("--key: %w", err)}
		}
		all = append(all, keys...)
	}
	return all, nil
}

// language is that of the environment, where it says one.
func (e *Env) language() string {
	if strings.HasPrefix(cmp.Or(e.Getenv("LC_ALL"), e.Getenv("LC_MESSAGES"), e.Getenv("LANG")), "ru") {
		return "ru"
	}
	return "en"
}

// unproven prints what does not fit.
func unproven(env *Env, words proofLanguage, err error) error {
	var m *proof.Mismatch
	if !errors.As(err, &m) {
		return err
	}
	if env.json() {
		return errors.Join(err, env.printJSON(map[string]any{"ok": false, "what": m.What, "expected": m.Expected, "found": m.Found}))
	}
	fmt.Fprintf(env.Out, "%s: %v\n", words.unproven, m)
	return err
}

// proofLanguage is what a proof says, in one language.
type proofLanguage struct {
	unproven, entry, account, consistent, checkpoint, recorded, refused string
	stripe, sums, same                                                  string
	sides                                                               map[journalv1.LegKind]string
}

var proofWords = map[string]proofLanguage{
	"en": {
		unproven: "not proven", entry: "proven: entry %d.%d of book %s is in the journal of %s", refused: "  refused: %s, nothing was booked\n",
		account:    "proven: the history of %s %s in book %s, journal of %s\n",
		consistent: "proven: shard %d of %s kept all its first %d records unchanged while it grew to %d\n", same: "proven: both checkpoints of shard %d of %s are of the same %d records\n",
		checkpoint: "  under the checkpoint of shard %d: %d records, the last of %s, root %s\n",
		recorded:   ", recorded %s", stripe: "  shard %d: changes %d to %d without a gap, in %d records\n",
		sums: "    before: debit %s, credit %s, held %s; after: debit %s, credit %s, held %s, balance %s\n",
		sides: map[journalv1.LegKind]string{
			journalv1.LegKind_LEG_KIND_DEBIT: "debit", journalv1.LegKind_LEG_KIND_CREDIT: "credit",
			journalv1.LegKind_LEG_KIND_HOLD_DEBIT: "hold against debits", journalv1.LegKind_LEG_KIND_HOLD_CREDIT: "hold against credits",
		},
	},
	"ru": {
		unproven: "не доказано", entry: "доказано: проводка %d.%d книги %s стоит в журнале %s", refused: "  отказ: %s, ничего не проведено\n",
		account:    "доказано: история счёта %s %s в книге %s, журнал %s\n",
		consistent: "доказано: сегмент %d журнала %s сохранил без изменений все первые %d записей, когда вырос до %d\n", same: "доказано: обе контрольные точки сегмента %d журнала %s — об одних и тех же %d записях\n",
		checkpoint: "  по контрольной точке сегмента %d: записей %d, последняя от %s, корень %s\n",
		recorded:   ", записана %s", stripe: "  сегмент %d: изменения с %d по %d без пропусков, записей %d\n",
		sums: "    до: дебет %s, кредит %s, удержано %s; после: дебет %s, кредит %s, удержано %s, остаток %s\n",
		sides: map[journalv1.LegKind]string{
			journalv1.LegKind_LEG_KIND_DEBIT: "дебет", journalv1.LegKind_LEG_KIND_CREDIT: "кредит",
			journalv1.LegKind_LEG_KIND_HOLD_DEBIT: "удержание от дебета", journalv1.LegKind_LEG_KIND_HOLD_CREDIT: "удержание от кредита",
		},
	},
}

// proofZone is that of the books' days where nothing else is configured.
var proofZone = time.FixedZone("MSK", 3*60*60)

func proofMoment(us int64) string {
	return time.UnixMicro(us).In(proofZone).Format("2006-01-02 15:04:05 -07:00")
}

func (w proofLanguage) tell(v *proof.Verified) string {
	var out strings.Builder
	last := v.Checkpoints[len(v.Checkpoints)-1]
	switch v.Kind {
	case proof.KindEntry:
		r := v.Records[0]
		fmt.Fprintf(&out, w.entry, r.GetShard(), r.GetSeq(), r.GetBook(), last.Installation)
		fmt.Fprintf(&out, w.recorded, proofMoment(r.GetClockUs()))
		if e := r.GetEntry(); e != nil {
			fmt.Fprintf(&out, ", %s, %s", e.GetDay(), e.GetKind())
		}
		out.WriteString("\n")
		if refusal := r.GetRefusal(); refusal != nil {
			fmt.Fprintf(&out, w.refused, refusal.GetCode())
		}
		for _, l := range r.GetLegs() {
			fmt.Fprintf(&out, "  %-20s %-40s %20s %s\n", w.sides[l.GetKind()], l.GetAccount(), l.GetAmount(), l.GetAsset())
		}
	case proof.KindAccount:
		h := v.History
		fmt.Fprintf(&out, w.account, h.Name, h.Asset, h.Book, last.Installation)
		for _, s := range h.Stripes {
			fmt.Fprintf(&out, w.stripe, s.Shard, s.First, s.Last, s.Records)
			fmt.Fprintf(&out, w.sums, sumTexts(h.Account, s)...)
		}
	case proof.KindConsistency:
		if first := v.Checkpoints[0]; first.Size < last.Size {
			fmt.Fprintf(&out, w.consistent, last.Shard, last.Installation, first.Size, last.Size)
		} else {
			fmt.Fprintf(&out, w.same, last.Shard, last.Installation, last.Size)
		}
	}
	for _, c := range v.Checkpoints {
		fmt.Fprintf(&out, w.checkpoint, c.Shard, c.Size, proofMoment(c.ClockUS), c.Root)
	}
	return out.String()
}

// sumTexts are the sums of a stripe before and after, and its balance on the normal side.
func sumTexts(a proof.Account, s proof.Stripe) []any {
	asset, _ := money.LookupAsset(a.Asset) // it was verified
	held := func(sums proof.Sums) string { return asset.Format(sums.HeldDebit.Add(sums.HeldCredit)) }
	balance := s.After.Credit.Sub(s.After.Debit)
	if name, refusal := book.ParseName("account", a.Name); refusal == nil {
		if kind, _ := book.LookupType(name.Type); kind.Class.DebitNormal() {
			balance = balance.Neg()
		}
	}
	return []any{
		asset.Format(s.Before.Debit), asset.Format(s.Before.Credit), held(s.Before),
		asset.Format(s.After.Debit), asset.Format(s.After.Credit), held(s.After), asset.Format(balance),
	}
}

func verifiedJSON(v *proof.Verified) map[string]any {
	checkpoints := []map[string]any{}
	for _, c := range v.Checkpoints {
		checkpoints = append(checkpoints, map[string]any{
			"installation": c.Installation, "shard": c.Shard, "size": c.Size, "root": c.Root.String(), "head": c.Head.String(), "recorded": proofMoment(c.ClockUS),
		})
	}
	out := map[string]any{"ok": true, "kind": v.Kind, "checkpoints": checkpoints}
	records := []string{}
	for _, r := range v.Records {
		records = append(records, fmt.Sprintf("%d.%d", r.GetShard(), r.GetSeq()))
	}
	if len(records) > 0 {
		out["records"] = records
	}
	if h := v.History; h != nil {
		stripes := []map[string]any{}
		for _, s := range h.Stripes {
			sums := sumTexts(h.Account, s)
			stripes = append(stripes, map[string]any{"shard": s.Shard, "first_version": s.First, "last_version": s.Last, "debit": sums[3], "credit": sums[4], "balance": sums[6]})
		}
		out["account"], out["asset"], out["book"], out["stripes"] = h.Name, h.Asset, h.Book, stripes
	}
	return out
}
