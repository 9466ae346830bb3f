package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// Hash is the SHA-256 of a sheet in its canonical form, which a closed period carries.
// Nothing is in it that may change later: no numbers of 1C, no order of the chart.
//
//	provodka sheet 1 LF
//	BOOK,FROM,TO LF
//	ACCOUNT,ASSET,OPENING DEBIT,OPENING CREDIT,DEBIT,CREDIT,CLOSING DEBIT,CLOSING CREDIT LF
//
// The last line stands once for every account and asset, in the order of the type's name,
// owner, part and asset by their bytes; one of nothing but zeros is left out. FROM is
// empty at the beginning of the books. Days are YYYY-MM-DD; a balance is on the side where
// it stands; amounts have all places of their asset, "0.00" where there is nothing. Money
// on its way between shards is on the transit parts of its account. UTF-8 without a mark;
// no cell has a comma, a quote or a space.
func (s Sheet) Hash(ctx context.Context, db *store.DB) ([]byte, error) {
	s.By = sheetByName
	sum := sha256.New()
	_, _ = io.WriteString(sum, "provodka sheet 1\n"+s.Book+","+s.From+","+s.To+"\n")
	for l, err := range s.lines(ctx, db) {
		if err != nil {
			return nil, err
		}
		_, _ = io.WriteString(sum, canonicalLine(l))
	}
	return sum.Sum(nil), nil
}

func canonicalLine(l SheetLine) string {
	asset, _ := money.LookupAsset(l.Asset)
	f := asset.Format
	return strings.Join([]string{
		l.Account, l.Asset, f(l.Opening.Debit), f(l.Opening.Credit), f(l.Turnover.Debit), f(l.Turnover.Credit),
		f(l.Closing.Debit), f(l.Closing.Credit),
	}, ",") + "\n"
}

// PeriodSheet is the sheet of a closed period as it was when all shards had closed it:
// up to the records with which they did.
func PeriodSheet(ctx context.Context, db *store.DB, bookName string, p ClosedPeriod) (Sheet, error) {
	s := Sheet{Book: bookName, From: p.From, To: p.Through, By: SheetByAccount}
	key, version := store.RuleKey{Book: bookName, Kind: PeriodRule, Subject: PeriodSubject}, p.Closed.GetVersion()
	shards, err := db.Shards(ctx)
	if err != nil {
		return s, err
	}
	for _, shard := range shards {
		rows, err := db.RuleHistory(ctx, shard.Shard, key, version+1, 1)
		if err != nil {
			return s, fmt.Errorf("read when shard %d closed the period up to %s: %w", shard.Shard, p.Through, err)
		}
		if len(rows) == 0 || rows[0].Rule.GetVersion() != version {
			return s, fault.Refuse(fault.PeriodChanging, "", "shard %d has not closed the period up to %s yet", shard.Shard, p.Through)
		}
		s.Upto = append(s.Upto, store.Seen{Shard: shard.Shard, Seq: rows[0].Seq})
	}
	return s, nil
}

// SheetKey begins the key of the operation that keeps a sheet's hash; no caller's key does.
const SheetKey = "period-sheet:"

// EndSheet is the operation that puts the hash of the sheet of the period that was closed
// last into the journal, nil when it is there; and the periods, the last closed first. Two
// that end it at once ask for the same, by the same key; another sheet is another request,
// and refused.
func EndSheet(ctx context.Context, db *store.DB, bookName string) ([]ClosedPeriod, *commandv1.Operation, error) {
	periods, held, err := ReadPeriods(ctx, db, bookName)
	if err != nil || held.GetChange() != ClosePeriod {
		return periods, nil, err
	}
	sheet, err := PeriodSheet(ctx, db, bookName, periods[0])
	if err != nil {
		return nil, nil, err
	}
	hash, err := sheet.Hash(ctx, db)
	if err != nil {
		return nil, nil, err
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%s %d %x", bookName, held.GetVersion(), hash))
	return periods, &commandv1.Operation{
		Key: SheetKey + hex.EncodeToString(key[:]),
		What: &commandv1.Operation_Period{Period: &commandv1.ChangePeriod{
			What: commandv1.PeriodChange_PERIOD_CHANGE_SHEET, Through: periods[0].Through, Reason: periods[0].Closed.GetReason(),
			Sheet: hash, Version: held.GetVersion(),
		}},
	}, nil
}
