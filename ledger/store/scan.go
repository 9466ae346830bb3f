package store

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// number reads NUMERIC in binary: CockroachDB prints small ones with an exponent.
type number struct{ into *money.Amount }

// ScanNumeric implements pgtype.NumericScanner.
func (n number) ScanNumeric(v pgtype.Numeric) error {
	if !v.Valid || v.NaN || v.InfinityModifier != pgtype.Finite || v.Int == nil {
		return fmt.Errorf("a NUMERIC that is no amount: %+v", v)
	}
	a, err := money.FromBig(v.Int, v.Exp)
	if err != nil {
		return err
	}
	*n.into = a
	return nil
}

// numbers are destinations for amounts; pgx wants pointers.
func numbers(into ...*money.Amount) []any {
	out := make([]any, len(into))
	for i, a := range into {
		out[i] = &number{a}
	}
	return out
}

// inAsset gives amounts the asset's scale again, which NUMERIC's binary form drops: an
// amount must look the same whether it was just computed or read.
func inAsset(code string, amounts ...*money.Amount) {
	asset, ok := money.LookupAsset(code)
	if !ok {
		return
	}
	for _, a := range amounts {
		if padded := a.Round(asset.Scale, money.Down); padded.Equal(*a) {
			*a = padded
		}
	}
}

func scanStripe(rows pgx.Rows) (s StripeRow, err error) {
	sums := []*money.Amount{&s.Debit, &s.Credit, &s.HeldDebit, &s.HeldCredit}
	err = rows.Scan(append([]any{&s.Key.Account, &s.Key.Asset, &s.Version}, numbers(sums...)...)...)
	inAsset(s.Key.Asset, sums...)
	return s, err
}

func scanHold(rows pgx.Rows) (h HoldRow, err error) { return scanHoldAfter(rows) }

// scanHoldAfter reads a hold behind other columns.
func scanHoldAfter(rows pgx.Rows, before ...any) (h HoldRow, err error) {
	var state int16
	var amount, left, late money.Amount
	h.Hold = &journalv1.Hold{}
	into := append(before, &h.Book, &h.Account, &h.Hold.PlacedSeq, &h.Hold.Account, &h.Hold.Asset, &state,
		&number{&amount}, &number{&left}, &h.Hold.ExpiresUs, &number{&late})
	err = rows.Scan(into...)
	inAsset(h.Hold.Asset, &amount, &left, &late)
	h.Hold.State = journalv1.HoldState(state)
	h.Hold.Amount, h.Hold.Left = amount.String(), left.String()
	if !late.IsZero() {
		h.Hold.Late = late.String()
	}
	return h, err
}

func scanAggregate(rows pgx.Rows) (a AggregateRow, err error) {
	var progress []byte
	err = rows.Scan(&a.Shard, &a.Key.Book, &a.Key.Flow, &a.Key.ID, &a.Owner, &a.State, &a.Version, &a.Data,
		&progress, &a.CreatedUS, &a.UpdatedUS)
	if err != nil {
		return a, err
	}
	var m journalv1.Move
	if err := proto.Unmarshal(progress, &m); err != nil {
		return a, fmt.Errorf("progress of %s %s: %w", a.Key.Flow, a.Key.ID, err)
	}
	a.Attempts, a.Timers = m.GetAttempts(), m.GetTimers()
	return a, nil
}

func scanEffect(rows pgx.Rows) (e EffectRow, err error) {
	var state int16
	m := &journalv1.Effect{}
	err = rows.Scan(&e.Book, &m.Attempt, &state, &m.Flow, &m.Id, &m.Ask, &m.Port, &m.Verb, &m.Body, &m.Answers,
		&m.DueUs, &m.Result, &m.Status, &m.OpenedUs, &m.Number)
	m.State = journalv1.EffectState(state)
	e.Effect = m
	return e, err
}

func scanTimer(rows pgx.Rows) (t TimerRow, err error) {
	m := &journalv1.Timer{}
	err = rows.Scan(&t.Book, &m.Id, &m.DueUs, &m.Flow, &m.Aggregate, &m.Event)
	t.Timer = m
	return t, err
}

func scanGather(rows pgx.Rows) (g GatherRow, err error) {
	var kind int16
	m := &journalv1.Gather{}
	err = rows.Scan(&kind, &g.Seq, &g.Book, &m.Account, &m.Key, &m.Peer, &m.Number, &m.Body)
	m.State = journalv1.GatherState(kind)
	g.Gather = m
	return g, err
}

func scanLeg(rows pgx.Rows) (l LegRow, err error) {
	var kind int16
	var day pgtype.Date
	sums := []*money.Amount{&l.Debit, &l.Credit, &l.HeldDebit, &l.HeldCredit}
	into := []any{&l.Shard, &l.Key.Account, &l.Key.Asset, &l.Seq, &l.Leg, &kind, &number{&l.Amount}, &l.Version, &l.ClockUS, &day}
	err = rows.Scan(append(into, numbers(sums...)...)...)
	inAsset(l.Key.Asset, append(sums, &l.Amount)...)
	l.Kind, l.Day = journalv1.LegKind(kind), day.Time.Format(dayLayout)
	return l, err
}

// accountIDs are account ids as the database takes them.
func accountIDs(ids []book.AccountID) [][16]byte {
	out := make([][16]byte, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}

// stripeColumns are keys as two arrays.
func stripeColumns(keys []StripeKey) (keyAccounts, keyAssets) { return keys, keys }

// keyAccounts and keyAssets are the columns of keys as arrays of the database. The driver
// allocates for every element of a slice, for a reference to one it does not.
type (
	keyAccounts []StripeKey
	keyAssets   []StripeKey
	uuidRef     [16]byte
	textRef     string
)

// Dimensions implements pgtype.ArrayGetter.
func (k keyAccounts) Dimensions() []pgtype.ArrayDimension {
	return []pgtype.ArrayDimension{{Length: int32(len(k)), LowerBound: 1}}
}

// Index implements pgtype.ArrayGetter.
func (k keyAccounts) Index(i int) any { return (*uuidRef)(&k[i].Account) }

// IndexType implements pgtype.ArrayGetter.
func (k keyAccounts) IndexType() any { return (*uuidRef)(nil) }

// UUIDValue implements pgtype.UUIDValuer.
func (u *uuidRef) UUIDValue() (pgtype.UUID, error) { return pgtype.UUID{Bytes: *u, Valid: true}, nil }

// Dimensions implements pgtype.ArrayGetter.
func (k keyAssets) Dimensions() []pgtype.ArrayDimension {
	return []pgtype.ArrayDimension{{Length: int32(len(k)), LowerBound: 1}}
}

// Index implements pgtype.ArrayGetter.
func (k keyAssets) Index(i int) any { return (*textRef)(&k[i].Asset) }

// IndexType implements pgtype.ArrayGetter.
func (k keyAssets) IndexType() any { return (*textRef)(nil) }

// texts are texts as an array of the database, as keyAssets are.
type texts []string

// Dimensions implements pgtype.ArrayGetter.
func (t texts) Dimensions() []pgtype.ArrayDimension {
	return []pgtype.ArrayDimension{{Length: int32(len(t)), LowerBound: 1}}
}

// Index implements pgtype.ArrayGetter.
func (t texts) Index(i int) any { return (*textRef)(&t[i]) }

// IndexType implements pgtype.ArrayGetter.
func (t texts) IndexType() any { return (*textRef)(nil) }

// TextValue implements pgtype.TextValuer.
func (t *textRef) TextValue() (pgtype.Text, error) {
	return pgtype.Text{String: string(*t), Valid: true}, nil
}
