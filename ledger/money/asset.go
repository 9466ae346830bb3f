package money

import (
	"fmt"
	"maps"
	"slices"
)

// MaxScale is the largest number of decimal places an asset may have (ETH: 18).
const MaxScale = 18

// Asset is a unit of account: a code and its number of decimal places.
type Asset struct {
	Code  string // "RUB"
	Scale int32  // decimal places, 0 to MaxScale
}

// RUB is the Russian ruble: 2 decimal places, one kopeck is the smallest unit.
var RUB = Asset{Code: "RUB", Scale: 2}

// assets is the closed list of assets of an installation.
// Scales: ISO 4217 for currencies; the protocol's smallest unit for BTC and ETH.
var assets = map[string]Asset{
	"RUB": RUB,
	"USD": {Code: "USD", Scale: 2},
	"EUR": {Code: "EUR", Scale: 2},
	"JPY": {Code: "JPY", Scale: 0},
	"BTC": {Code: "BTC", Scale: 8},
	"ETH": {Code: "ETH", Scale: 18},
}

// LookupAsset finds an asset by code; false when the installation has none such.
func LookupAsset(code string) (Asset, bool) {
	a, ok := assets[code]
	return a, ok
}

// Assets lists the assets of the installation, in order of code.
func Assets() []Asset {
	out := make([]Asset, 0, len(assets))
	for _, code := range slices.Sorted(maps.Keys(assets)) {
		out = append(out, assets[code])
	}
	return out
}

// Parse reads an amount of this asset: Parse's syntax and at most Scale decimal
// places. The answer always carries the full scale. Zero and negative numbers
// are amounts too; callers that forbid them say so themselves.
func (s Asset) Parse(text string) (Amount, error) {
	a, err := Parse(text)
	if err != nil {
		return Amount{}, err
	}
	if a.decimals() > s.Scale {
		return Amount{}, &ParseError{Text: cut(text), Reason: ErrScale}
	}
	a = a.Round(s.Scale, Down) // only appends zeros: the scale was checked
	if a.big != nil && a.big.NumDigits() > MaxDigits {
		return Amount{}, &ParseError{Text: cut(text), Reason: ErrDigits}
	}
	return a, nil
}

// decimals is how many decimal places the amount is written with.
func (a Amount) decimals() int32 {
	if a.big != nil {
		return -a.big.Exponent
	}
	return a.scale
}

// Format prints the amount with the asset's full scale: "100.00".
// An amount with more places than the asset has is a broken invariant: panic.
func (s Asset) Format(a Amount) string {
	var buf [40]byte
	return string(s.AppendFormat(buf[:0], a))
}

// AppendFormat appends what Format prints.
func (s Asset) AppendFormat(to []byte, a Amount) []byte {
	if exact, ok := a.places(s.Scale); ok {
		return exact.append(to)
	}
	if a.decimals() == s.Scale {
		return a.append(to)
	}
	r := a.Round(s.Scale, Down)
	if r.Cmp(a) != 0 {
		panic(fmt.Sprintf("money: %s has more places than %s", a, s.Code))
	}
	return r.append(to)
}
