package store

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/provodka/provodka/ledger/money"
)

// stripeSlots are stripes as they are read: one row a key, in the order of keys. Batches
// read them by the thousand, so they are decoded by hand where the form is the usual one.
type stripeSlots struct {
	keys  []StripeKey
	rows  []StripeRow
	asset money.Asset // of the row before
}

func newStripeSlots(keys []StripeKey) *stripeSlots {
	s := &stripeSlots{keys: keys}
	s.begin()
	return s
}

// begin empties the rows.
func (s *stripeSlots) begin() {
	s.rows = make([]StripeRow, len(s.keys))
	for i, k := range s.keys {
		s.rows[i].Key = k
	}
}

// scan reads a row: place among keys, from 1, version and the four sums.
func (s *stripeSlots) scan(rows pgx.Rows) error {
	if raw := rows.RawValues(); binaryForm(rows) && len(raw) == 6 && len(raw[0]) == 8 && len(raw[1]) == 8 {
		return s.decode(rows, raw)
	}
	return s.scanSlow(rows)
}

func binaryForm(rows pgx.Rows) bool {
	for _, f := range rows.FieldDescriptions() {
		if f.Format != pgtype.BinaryFormatCode {
			return false
		}
	}
	return true
}

func (s *stripeSlots) decode(rows pgx.Rows, raw [][]byte) error {
	r, err := s.slot(int64(binary.BigEndian.Uint64(raw[0])))
	if err != nil {
		return err
	}
	if s.asset.Code != r.Key.Asset {
		asset, ok := money.LookupAsset(r.Key.Asset)
		if !ok {
			return s.scanSlow(rows)
		}
		s.asset = asset
	}
	r.Version = binary.BigEndian.Uint64(raw[1])
	for i, into := range [...]*money.Amount{&r.Debit, &r.Credit, &r.HeldDebit, &r.HeldCredit} {
		minor, ok := minorUnits(raw[2+i], s.asset.Scale)
		if !ok {
			return s.scanSlow(rows)
		}
		*into = money.New(minor, s.asset.Scale)
	}
	return nil
}

func (s *stripeSlots) slot(place int64) (*StripeRow, error) {
	if place < 1 || place > int64(len(s.rows)) {
		return nil, fmt.Errorf("a stripe at place %d of %d", place, len(s.rows))
	}
	return &s.rows[place-1], nil
}

func (s *stripeSlots) scanSlow(rows pgx.Rows) error {
	var place int64
	var row StripeRow
	sums := []*money.Amount{&row.Debit, &row.Credit, &row.HeldDebit, &row.HeldCredit}
	if err := rows.Scan(append([]any{&place, &row.Version}, numbers(sums...)...)...); err != nil {
		return err
	}
	r, err := s.slot(place)
	if err != nil {
		return err
	}
	inAsset(r.Key.Asset, sums...)
	row.Key = r.Key
	*r = row
	return nil
}

// minorUnits reads NUMERIC's binary form as minor units of an asset: base 10,000 digits,
// the first of weight 10,000^weight. False when it is no such number, one that is not
// written with the asset's places, or a very large one.
func minorUnits(raw []byte, scale int32) (int64, bool) {
	const positive, negative = 0x0000, 0x4000
	if len(raw) < 8 {
		return 0, false
	}
	digits, weight := int(binary.BigEndian.Uint16(raw)), int(int16(binary.BigEndian.Uint16(raw[2:])))
	sign, written := binary.BigEndian.Uint16(raw[4:]), int32(binary.BigEndian.Uint16(raw[6:]))
	switch {
	case len(raw) != 8+2*digits || digits > 4 || sign != positive && sign != negative:
		return 0, false
	case digits == 0:
		return 0, true
	case written != scale:
		return 0, false
	}
	var n int64 // at most 10^16
	for i := range digits {
		n = 10_000*n + int64(binary.BigEndian.Uint16(raw[8+2*i:]))
	}
	// The value is n × 10^places.
	places := 4*(weight-digits+1) + int(scale)
	for ; places < 0 && n%10 == 0 && n != 0; places++ {
		n /= 10
	}
	if places < 0 || places > 18 {
		return 0, false
	}
	for ; places > 0; places-- {
		if n > math.MaxInt64/10 {
			return 0, false
		}
		n *= 10
	}
	if sign == negative {
		n = -n
	}
	return n, true
}
