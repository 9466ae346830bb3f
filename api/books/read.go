package books

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// GetBalances implements LedgerService.
func (s *Service) GetBalances(ctx context.Context, req *ledgerv1.GetBalancesRequest) (*ledgerv1.GetBalancesResponse, error) {
	at, refusal := s.at(req.GetAt())
	if refusal != nil {
		return nil, refusal
	}
	if err := s.WaitFor(ctx, req.GetMinPosition(), at.KnownUS); err != nil {
		return nil, err
	}
	wanted, err := s.wanted(ctx, req)
	if err != nil {
		return nil, err
	}
	if req.GetHolds() || req.GetLatestLegs() > 0 {
		return s.looked(ctx, req, wanted)
	}
	found, seen, err := s.sums(ctx, req.GetBook(), wanted, at)
	if err != nil {
		return nil, err
	}
	if at.Day == "" && at.KnownUS == 0 {
		if err := s.limit(ctx, req.GetBook(), wanted, seen); err != nil {
			return nil, err
		}
	}
	answer := &ledgerv1.GetBalancesResponse{Position: gate.SeenPosition(seen)}
	for _, w := range wanted {
		answer.Balances = append(answer.Balances, balance(w, found[w.key], req.GetStripes()))
	}
	return answer, nil
}

// summed is an account with its transit part, which holds money between stripes.
type summed struct{ own, transit store.Balance }

// sums reads accounts with their transit parts, of one snapshot.
func (s *Service) sums(ctx context.Context, bookName string, wanted []wantedBalance, at store.At) (map[store.StripeKey]summed, []store.Seen, error) {
	keys, of := s.withTransit(bookName, wanted)
	rows, seen, err := s.DB.Balances(ctx, keys, at)
	if err != nil {
		return nil, nil, fmt.Errorf("read balances: %w", err)
	}
	return summedOf(rows, of), seen, nil
}

// withTransit are the keys of accounts and of their transit parts; of leads from a
// transit part to its account. On a single shard nothing is ever between stripes.
func (s *Service) withTransit(bookName string, wanted []wantedBalance) (keys []store.StripeKey, of map[store.StripeKey]store.StripeKey) {
	keys = make([]store.StripeKey, 0, 2*len(wanted))
	of = make(map[store.StripeKey]store.StripeKey, len(wanted))
	for _, w := range wanted {
		if s.DB.OneShard() {
			keys = append(keys, w.key)
			continue
		}
		name, _ := book.ParseName("account", w.name)
		transit := store.StripeKey{Account: book.ID(bookName, name.Transit().String()), Asset: w.key.Asset}
		keys = append(keys, w.key, transit)
		of[transit] = w.key
	}
	return keys, of
}

func summedOf(rows []store.Balance, of map[store.StripeKey]store.StripeKey) map[store.StripeKey]summed {
	found := make(map[store.StripeKey]summed, len(of))
	for _, r := range rows {
		if account, transit := of[r.Key]; transit {
			b := found[account]
			b.transit = r
			found[account] = b
		} else {
			b := found[r.Key]
			b.own = r
			found[r.Key] = b
		}
	}
	return found
}

// stripe is the sum of both parts. What passed through transit counts on neither
// side: it came from the account and went back to it.
func (b summed) stripe() book.Stripe {
	return ledger.Whole(b.own, b.transit)
}

// at reads the moment of a question.
func (s *Service) at(m *ledgerv1.Moment) (store.At, *fault.Refusal) {
	at := store.At{Day: m.GetDay()}
	if refusal := checkDay("at.day", at.Day); refusal != nil {
		return at, refusal
	}
	var refusal *fault.Refusal
	at.KnownUS, refusal = knownAt("at.known_at", m.GetKnownAt())
	return at, refusal
}

// knownAt reads up to which clock something was recorded; 0 is no bound.
func knownAt(field string, moment *timestamppb.Timestamp) (int64, *fault.Refusal) {
	if moment == nil {
		return 0, nil
	}
	if !moment.IsValid() || moment.AsTime().UnixMicro() <= 0 {
		return 0, fault.Refuse(fault.Malformed, field, "the moment is out of range")
	}
	return moment.AsTime().UnixMicro(), nil
}

// wantedBalance is an account in one asset.
type wantedBalance struct {
	name  string
	kind  book.Type
	asset money.Asset
	key   store.StripeKey
	limit *money.Amount // how far it may go below zero; nil when that is no part of the question
}

// wanted lists the accounts and assets of a question, in its order.
func (s *Service) wanted(ctx context.Context, req *ledgerv1.GetBalancesRequest) ([]wantedBalance, error) {
	kinds := make([]book.Type, len(req.GetAccounts()))
	ids := make([]book.AccountID, len(req.GetAccounts()))
	for i, name := range req.GetAccounts() {
		n, refusal := book.ParseName(fmt.Sprintf("accounts[%d]", i), name)
		if refusal != nil {
			return nil, refusal
		}
		kinds[i], _ = book.LookupType(n.Type)
		ids[i] = book.ID(req.GetBook(), name)
	}
	assets := map[book.AccountID][]string{}
	if req.GetAsset() == "" {
		refs, err := s.DB.StripesOf(ctx, ids)
		if err != nil {
			return nil, fmt.Errorf("read stripes: %w", err)
		}
		for _, r := range refs {
			assets[r.Account] = append(assets[r.Account], r.Asset)
		}
	} else if _, ok := money.LookupAsset(req.GetAsset()); !ok {
		return nil, fault.Refuse(fault.AssetUnknown, "asset", "there is no asset %q", req.GetAsset())
	}
	var out []wantedBalance
	for i, name := range req.GetAccounts() {
		list := []string{req.GetAsset()}
		if req.GetAsset() == "" {
			list = assets[ids[i]]
			slices.Sort(list)
		}
		for _, code := range list {
			asset, ok := money.LookupAsset(code)
			if !ok {
				return nil, fmt.Errorf("account %s has asset %q, which this program does not know", name, code)
			}
			out = append(out, wantedBalance{name: name, kind: kinds[i], asset: asset, key: store.StripeKey{Account: ids[i], Asset: code}})
		}
	}
	return out, nil
}

// limit reads how far accounts might go below zero when a snapshot was taken; only those
// of types with a limit are looked for.
func (s *Service) limit(ctx context.Context, bookName string, wanted []wantedBalance, seen []store.Seen) error {
	var keys []store.RuleKey
	for _, w := range wanted {
		if w.kind.Limited {
			keys = append(keys, store.RuleKey{Book: bookName, Kind: ledger.AccountRule, Subject: w.name})
		}
	}
	if len(keys) == 0 {
		return nil
	}
	rows, err := s.DB.HomeRulesAt(ctx, keys, seen)
	if err != nil {
		return fmt.Errorf("read limits: %w", err)
	}
	standings := make(map[string]book.Standing, len(rows))
	for _, r := range rows {
		standings[r.Rule.GetSubject()] = ledger.StandingOf(r.Rule)
	}
	for i, w := range wanted {
		if w.kind.Limited {
			limit := standings[w.name].Limit(w.asset.Code)
			wanted[i].limit = &limit
		}
	}
	return nil
}

func balance(w wantedBalance, b summed, stripes bool) *ledgerv1.Balance {
	sum := b.stripe()
	transit := book.Stripe{Debit: b.transit.Debit, Credit: b.transit.Credit}
	held := sum.HeldDebit
	if w.kind.Class.DebitNormal() {
		held = sum.HeldCredit
	}
	f := w.asset.Format
	out := &ledgerv1.Balance{
		Account: w.name, Asset: w.asset.Code, Balance: f(sum.Balance(w.kind.Class)), Available: f(sum.Available(w.kind.Class)),
		Held: f(held), Debit: f(sum.Debit), Credit: f(sum.Credit), InTransit: f(transit.Balance(w.kind.Class)),
	}
	if w.limit != nil {
		out.Limit, out.Available = f(*w.limit), f(sum.Available(w.kind.Class).Add(*w.limit))
	}
	if stripes {
		for _, st := range b.own.Stripes {
			out.Stripes = append(out.Stripes, &ledgerv1.Stripe{
				Shard: uint32(st.Shard), Version: st.Version, Debit: f(st.Debit), Credit: f(st.Credit),
				HeldDebit: f(st.HeldDebit), HeldCredit: f(st.HeldCredit),
			})
		}
	}
	return out
}

// stripeCursor is the last account of a page of ListBalances.
type stripeCursor struct{ Owner, Part, Asset string }

// ListBalances implements LedgerService.
func (s *Service) ListBalances(ctx context.Context, req *ledgerv1.ListBalancesRequest) (*ledgerv1.ListBalancesResponse, error) {
	kind, ok := book.LookupType(req.GetType())
	if !ok {
		return nil, fault.Refuse(fault.AccountInvalid, "type", "the chart has no type %q", req.GetType())
	}
	page := store.StripePage{Book: req.GetBook(), Type: req.GetType(), OwnerPrefix: req.GetOwnerPrefix(), Limit: gate.PageSize(req.GetPageSize())}
	var from stripeCursor
	more, refusal := s.Cursor(ctx, req, &from)
	if refusal != nil {
		return nil, refusal
	}
	if more {
		page.After = &store.StripeRef{
			Book: req.GetBook(), Name: book.Name{Type: req.GetType(), Owner: from.Owner, Part: from.Part}, Asset: from.Asset,
		}
	}
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	refs, _, err := s.DB.ListStripes(ctx, page)
	if err != nil {
		return nil, fmt.Errorf("list stripes: %w", err)
	}
	var wanted []wantedBalance
	for _, r := range refs {
		if r.Name.IsTransit() {
			continue // a part of the account before it
		}
		asset, ok := money.LookupAsset(r.Asset)
		if !ok {
			return nil, fmt.Errorf("account %s has asset %q, which this program does not know", r.Name, r.Asset)
		}
		wanted = append(wanted, wantedBalance{name: r.Name.String(), kind: kind, asset: asset, key: store.StripeKey{Account: r.Account, Asset: r.Asset}})
	}
	found, seen, err := s.sums(ctx, req.GetBook(), wanted, store.At{})
	if err != nil {
		return nil, err
	}
	if err := s.limit(ctx, req.GetBook(), wanted, seen); err != nil {
		return nil, err
	}
	answer := &ledgerv1.ListBalancesResponse{Position: gate.SeenPosition(seen)}
	for _, w := range wanted {
		b := balance(w, found[w.key], false)
		if zero := w.asset.Format(money.Zero); req.GetOnlyNonzero() && b.GetBalance() == zero && b.GetHeld() == zero {
			continue
		}
		answer.Balances = append(answer.Balances, b)
	}
	if len(refs) == page.Limit {
		last := refs[len(refs)-1]
		answer.NextPageToken, err = s.Token(ctx, req, stripeCursor{last.Name.Owner, last.Name.Part, last.Asset})
	}
	return answer, err
}

// ListAccounts implements LedgerService.
func (s *Service) ListAccounts(ctx context.Context, req *ledgerv1.ListAccountsRequest) (*ledgerv1.ListAccountsResponse, error) {
	var after string
	if _, refusal := s.Cursor(ctx, req, &after); refusal != nil {
		return nil, refusal
	}
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	if after == "" && req.GetPrefix() != "" {
		after = before(req.GetPrefix())
	}
	limit := gate.PageSize(req.GetPageSize())
	rows, err := s.DB.Accounts(ctx, req.GetBook(), after, limit)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Name
	}
	standings, err := s.standings(ctx, req.GetBook(), names)
	if err != nil {
		return nil, err
	}
	answer := &ledgerv1.ListAccountsResponse{}
	for _, r := range rows {
		if !strings.HasPrefix(r.Name, req.GetPrefix()) {
			return answer, nil // names are in order: nothing more begins so
		}
		answer.Accounts = append(answer.Accounts, &ledgerv1.Account{
			Name: r.Name, OpenedAt: timestamppb.New(gate.Moment(r.OpenedUS)), Position: gate.RecordID(r.Shard, r.Seq),
			Standing: standings[r.Name],
		})
	}
	if len(rows) == limit {
		answer.NextPageToken, err = s.Token(ctx, req, rows[len(rows)-1].Name)
	}
	return answer, err
}

// before is a text that stands before everything that begins with the prefix, and
// after everything that stands before it and is a name.
func before(prefix string) string {
	last := len(prefix) - 1
	return prefix[:last] + string(rune(prefix[last]-1)) + "\x7f"
}

// TrialBalance implements LedgerService.
func (s *Service) TrialBalance(ctx context.Context, req *ledgerv1.TrialBalanceRequest) (*ledgerv1.TrialBalanceResponse, error) {
	at, refusal := s.at(req.GetAt())
	if refusal != nil {
		return nil, refusal
	}
	if err := s.WaitFor(ctx, req.GetMinPosition(), at.KnownUS); err != nil {
		return nil, err
	}
	trial := ledger.Trial{Book: req.GetBook(), Day: at.Day, KnownUS: at.KnownUS}
	if req.GetAt() != nil {
		var err error
		if trial.Upto, err = s.Seen(ctx); err != nil {
			return nil, err
		}
	}
	rows, totals, seen, err := trial.Read(ctx, s.DB, nil)
	if err != nil {
		return nil, err
	}
	answer := &ledgerv1.TrialBalanceResponse{Position: gate.SeenPosition(seen)}
	for _, r := range rows {
		row := &ledgerv1.TrialBalanceRow{
			Type: r.Type.Name, Code_1C: r.Type.Code1C, Class: string(r.Type.Class), Asset: r.Asset.Code, Meaning: r.Type.Meaning,
			Debit: r.Asset.Format(r.Turnover.Debit), Credit: r.Asset.Format(r.Turnover.Credit),
		}
		switch {
		case r.Balance.Debit.Sign() > 0:
			row.DebitBalance = r.Asset.Format(r.Balance.Debit)
		case r.Balance.Credit.Sign() > 0:
			row.CreditBalance = r.Asset.Format(r.Balance.Credit)
		}
		answer.Rows = append(answer.Rows, row)
	}
	for _, t := range totals {
		answer.Totals = append(answer.Totals, &ledgerv1.TrialBalanceTotal{
			Asset: t.Asset.Code, Debit: t.Asset.Format(t.Turnover.Debit), Credit: t.Asset.Format(t.Turnover.Credit),
			DebitBalance: t.Asset.Format(t.Balance.Debit), CreditBalance: t.Asset.Format(t.Balance.Credit),
		})
	}
	return answer, nil
}

// GetPosition implements LedgerService.
func (s *Service) GetPosition(ctx context.Context, _ *ledgerv1.GetPositionRequest) (*ledgerv1.GetPositionResponse, error) {
	shards, err := s.DB.Shards(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the shards: %w", err)
	}
	answer, at := &ledgerv1.GetPositionResponse{}, gate.Position{}
	for _, sh := range shards {
		if sh.Head.Seq > 0 {
			at.See(sh.Shard, sh.Head.Seq)
		}
		answer.Shards = append(answer.Shards, &ledgerv1.ShardPosition{
			Shard: uint32(sh.Shard), Seq: sh.Head.Seq, Clock: timestamppb.New(gate.Moment(sh.ClockUS)), Head: hex.EncodeToString(sh.Head.Hash[:]),
		})
	}
	answer.Position = at.String()
	return answer, nil
}

// ListRefusals implements LedgerService.
func (s *Service) ListRefusals(context.Context, *ledgerv1.ListRefusalsRequest) (*ledgerv1.ListRefusalsResponse, error) {
	answer := &ledgerv1.ListRefusalsResponse{}
	for _, i := range fault.Table() {
		answer.Refusals = append(answer.Refusals, &ledgerv1.RefusalInfo{
			Code: string(i.Code), Kind: string(i.Kind), Retry: gate.RetryMessage(i.Retry), Remembered: i.Remembered,
			Russian: i.Russian, English: i.English,
		})
	}
	return answer, nil
}
