package store

import (
	"encoding/binary"
	"math/big"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/money"
)

// TestMinorUnitsReadsWhatPgxReads: a NUMERIC read by hand is the amount that the driver
// gives, or is left to it.
func TestMinorUnitsReadsWhatPgxReads(t *testing.T) {
	t.Parallel()
	types, asset, read := pgtype.NewMap(), money.RUB, 0
	rapid.Check(t, func(t *rapid.T) {
		drawn := pgtype.Numeric{
			Int: big.NewInt(rapid.OneOf(rapid.Int64Range(-100_000_000, 100_000_000), rapid.Int64()).Draw(t, "digits")),
			Exp: rapid.Int32Range(-6, 6).Draw(t, "exponent"), Valid: true,
		}
		raw, err := types.Encode(pgtype.NumericOID, pgtype.BinaryFormatCode, drawn, nil)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.IntRange(0, 9).Draw(t, "damage") == 0 {
			raw[rapid.IntRange(0, len(raw)-1).Draw(t, "at")] ^= byte(1 << rapid.IntRange(0, 7).Draw(t, "bit"))
			if n := int(binary.BigEndian.Uint16(raw)); len(raw) != 8+2*n {
				if _, ok := minorUnits(raw, asset.Scale); ok {
					t.Fatalf("%x was read", raw)
				}
				return
			}
			for i := 8; i < len(raw); i += 2 {
				if binary.BigEndian.Uint16(raw[i:]) > 9999 {
					return // the server never sends it
				}
			}
		}
		minor, ok := minorUnits(raw, asset.Scale)
		if !ok {
			return
		}
		read++
		var want money.Amount
		if err := types.Scan(pgtype.NumericOID, pgtype.BinaryFormatCode, raw, &number{&want}); err != nil {
			t.Fatal(err)
		}
		inAsset(asset.Code, &want)
		if got := money.New(minor, asset.Scale); got != want {
			t.Fatalf("%x is read as %v, the driver has %v", raw, got, want)
		}
	})
	if read == 0 {
		t.Error("nothing was read")
	}
}
