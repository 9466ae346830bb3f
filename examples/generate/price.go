package main

import "math/big"

// commissionPercent is the company's tariff: percent of gross, taken on top.
var commissionPercent = big.NewRat(3, 1)

// sums are what a paid task moves, in rubles.
type sums struct{ gross, payout, tax, bonus, commission, contributions *big.Rat }

// year is what a person has had before a task: the base of both scales, what was taken
// by them, and what is left of the bonus; border is where contributions fall.
type year struct {
	base, ndfl, contributions, bonus *big.Rat
	border                           int64
}

func newYear(border int64, bonus string) *year {
	y := &year{new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat), border}
	if bonus != "" {
		y.bonus.SetString(bonus)
	}
	return y
}

// steps is a progressive scale: percent of what is above a border, in rubles.
func steps(base *big.Rat, scale [][2]int64) *big.Rat {
	sum := new(big.Rat)
	for i, s := range scale {
		part := new(big.Rat).Sub(base, big.NewRat(s[0], 1))
		if i+1 < len(scale) {
			if width := big.NewRat(scale[i+1][0]-s[0], 1); part.Cmp(width) > 0 {
				part = width
			}
		}
		if part.Sign() > 0 {
			sum.Add(sum, part.Mul(part, big.NewRat(s[1], 1000)))
		}
	}
	return sum
}

// borders are the sums of a year above which contributions fall, in rubles: the government sets them
// for each year. What comes out is worked out for the years that are here.
var borders = map[int]int64{2026: 2_979_000}

// The scales since 2025, in tenths of a percent.
var (
	ndflScale    = [][2]int64{{0, 130}, {2_400_000, 150}, {5_000_000, 180}}
	foreignScale = [][2]int64{{0, 300}}
)

// price works a task's sums out with fractions: NPD 6 % half up to the kopeck,
// of which the bonus pays 2 % as long as it lasts,
// NDFL 13 % in whole rubles and contributions of 30 % on top, nothing for sole traders;
// commission half up.
func (t task) price(y *year) sums {
	s := sums{gross: t.Amount, contributions: new(big.Rat), bonus: new(big.Rat)}
	switch t.Person.Kind {
	case selfEmployed:
		if t.Net {
			s.gross = grossOf(t.Amount, big.NewRat(6, 100), 2)
		}
		s.tax = round(new(big.Rat).Mul(s.gross, big.NewRat(6, 100)), 2)
		used := round(new(big.Rat).Mul(s.gross, big.NewRat(2, 100)), 2)
		if used.Cmp(y.bonus) > 0 {
			used.Set(y.bonus)
		}
		y.bonus.Sub(y.bonus, used)
		s.bonus = used
		s.tax.Sub(s.tax, used)
	case civil:
		if t.Net {
			s.gross = grossOf(t.Amount, big.NewRat(13, 100), 0)
		}
		y.base.Add(y.base, s.gross)
		scale := ndflScale
		if t.Person.Foreign {
			scale = foreignScale
		}
		s.tax = new(big.Rat).Sub(round(steps(y.base, scale), 0), y.ndfl)
		s.contributions = new(big.Rat).Sub(round(steps(y.base, [][2]int64{{0, 300}, {y.border, 151}}), 2), y.contributions)
		y.ndfl.Add(y.ndfl, s.tax)
		y.contributions.Add(y.contributions, s.contributions)
	default:
		s.tax = new(big.Rat)
	}
	if s.payout == nil {
		s.payout = new(big.Rat).Sub(s.gross, s.tax)
	}
	share := new(big.Rat).Mul(s.gross, commissionPercent)
	s.commission = round(share.Quo(share, big.NewRat(100, 1)), 2)
	return s
}

// grossOf looks, kopeck by kopeck from below, for the smallest gross that leaves the
// net after a tax of the rate, rounded to so many places.
func grossOf(net, rate *big.Rat, places int) *big.Rat {
	kopeck := big.NewRat(1, 100)
	gross := round(new(big.Rat).Quo(net, new(big.Rat).Sub(big.NewRat(1, 1), rate)), 2)
	gross.Sub(gross, big.NewRat(3, 1))
	for range 1000 {
		tax := round(new(big.Rat).Mul(gross, rate), places)
		if new(big.Rat).Sub(gross, tax).Cmp(net) == 0 {
			return gross
		}
		gross = new(big.Rat).Add(gross, kopeck)
	}
	panic("no gross leaves " + net.FloatString(2))
}

// round rounds half up to places decimals; every sum here is positive.
func round(r *big.Rat, places int) *big.Rat {
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil))
	x := new(big.Rat).Mul(r, scale)
	x.Add(x, big.NewRat(1, 2))
	whole := new(big.Int).Quo(x.Num(), x.Denom())
	return new(big.Rat).Quo(new(big.Rat).SetInt(whole), scale)
}
