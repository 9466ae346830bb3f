package booktest

import (
	"math/big"
	"strings"

	"pgregory.net/rapid"

	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// exchange works in fractions: nothing is rounded but the sum at the rate, once.
func exchange(m *Model, op *commandv1.Operation, now Now) string {
	x := op.GetExchange()
	named := []*commandv1.Leg{x.GetSold(), x.GetBought()}
	if x.GetSpread() != nil {
		named = append(named, x.GetSpread())
	}
	legs, code := readLegs(named)
	if code != "" {
		return code
	}
	sold, bought := legs[0], legs[1]
	rate, ok := new(big.Rat).SetString(x.GetRate())
	_, places, _ := strings.Cut(x.GetRate(), ".")
	if !ok || rate.Sign() <= 0 || len(places) > 18 || x.GetSource() == "" || x.GetRateUs() <= 0 {
		return "rate_invalid"
	}
	if sold.Place.Asset == bought.Place.Asset || sold.Debit == bought.Debit {
		return "malformed"
	}
	kind, in, out := "exchange", sold.Amount, bought.Amount
	if len(legs) == 3 {
		spread := legs[2]
		kind += "+spread"
		switch {
		case spread.Debit != bought.Debit:
			return "malformed"
		case spread.Place.Asset == bought.Place.Asset:
			out = new(big.Int).Add(out, spread.Amount)
		case spread.Place.Asset != sold.Place.Asset:
			return "malformed"
		default:
			if in = new(big.Int).Sub(in, spread.Amount); in.Sign() <= 0 {
				return "amount_invalid"
			}
		}
	}
	if atRate(x, in).Cmp(out) != 0 {
		return "rate_mismatch"
	}
	position := positionOf(sold.Place.Asset, bought.Place.Asset)
	all := []Leg{
		sold,
		{Place: Place{position, sold.Place.Asset}, Debit: bought.Debit, Amount: in, Reversed: new(big.Int)},
		{Place: Place{position, bought.Place.Asset}, Debit: sold.Debit, Amount: out, Reversed: new(big.Int)},
		bought,
	}
	if code := mixed("exchange", all); code != "" {
		return code
	}
	if len(legs) == 3 {
		all = append(all, legs[2])
	}
	if code := wrong(kind, all); code != "" {
		return code
	}
	if x.GetRateUs() > now.US+10_000_000 {
		return "rate_invalid"
	}
	for i := range all {
		all[i].At = i
	}
	m.book(all)
	m.Entries[now.Seq] = &Entry{Kind: kind, Exchange: true, Legs: all}
	return ""
}

func positionOf(a, b string) string {
	if a > b {
		a, b = b, a
	}
	return "fx:" + strings.ToLower(a) + "-" + strings.ToLower(b)
}

// atRate is a sum of the sold asset in the smallest units of the bought one.
func atRate(x *commandv1.Exchange, in *big.Int) *big.Int {
	rate, _ := new(big.Rat).SetString(x.GetRate())
	if x.GetInverse() {
		rate.Inv(rate)
	}
	ten := func(scale int) *big.Rat {
		return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	}
	sum := new(big.Rat).SetInt(in)
	sum.Mul(sum, rate).Mul(sum, ten(scales[x.GetBought().GetAsset()])).Quo(sum, ten(scales[x.GetSold().GetAsset()]))
	n := floor(sum)
	rest := new(big.Rat).Sub(sum, new(big.Rat).SetInt(n))
	half := rest.Cmp(big.NewRat(1, 2))
	var up bool
	switch x.GetRounding() {
	case "up":
		up = rest.Sign() > 0
	case "half_up":
		up = half >= 0
	case "half_even":
		up = half > 0 || half == 0 && n.Bit(0) == 1
	}
	if up {
		n.Add(n, big.NewInt(1))
	}
	return n
}

// drawExchange is an exchange at its rate; now and then one thing of it is wrong.
func drawExchange(t *rapid.T, _ *Model) *commandv1.Operation {
	assets := []string{"RUB", "USD", "JPY", "BTC", "ETH"}
	x := &commandv1.Exchange{
		Rate:    rapid.SampledFrom([]string{"1", "90.5", "0.011", "3", "7", "0.125", "1.005", "0.000000003"}).Draw(t, "rate"),
		Inverse: rapid.Bool().Draw(t, "inverse"), Source: "cbr", RateUs: 1,
		Rounding: rapid.SampledFrom([]string{"half_even", "half_up", "down", "up"}).Draw(t, "rounding"),
		Links:    map[string]string{"deal": "7"},
	}
	pick := func(label, asset string, debit bool, n *big.Int) *commandv1.Leg {
		return &commandv1.Leg{Account: drawAccount(t, accounts[:4], label), Asset: asset, Debit: debit, Amount: Text(asset, n), Open: true}
	}
	in := drawSum(t)
	x.Sold = pick("sold", rapid.SampledFrom(assets).Draw(t, "sold asset"), rapid.Bool().Draw(t, "debit"), in)
	x.Bought = pick("bought", rapid.SampledFrom(assets).Draw(t, "bought asset"), !x.Sold.GetDebit(), in)
	spread := big.NewInt(rapid.Int64Range(1, 9).Draw(t, "spread"))
	how := rapid.IntRange(0, 2).Draw(t, "where")
	if how == 1 {
		in = new(big.Int).Sub(in, spread)
	}
	out := atRate(x, in)
	if how == 2 {
		out.Sub(out, spread)
	}
	if how > 0 {
		x.Spread = &commandv1.Leg{Account: "revenue:fee", Asset: []string{"", x.Sold.GetAsset(), x.Bought.GetAsset()}[how],
			Debit: x.Bought.GetDebit(), Amount: Text([]string{"", x.Sold.GetAsset(), x.Bought.GetAsset()}[how], spread), Open: true}
	}
	x.Bought.Amount = Text(x.Bought.GetAsset(), out)
	switch rapid.IntRange(0, 29).Draw(t, "crooked") {
	case 0:
		x.Bought.Amount = Text(x.Bought.GetAsset(), out.Add(out, big.NewInt(1)))
	case 1:
		x.Bought.Debit = !x.Bought.GetDebit()
	case 2:
		x.RateUs = 1 << 60
	case 3:
		x.Rate = rapid.SampledFrom([]string{"0", "-1", "0.0000000000000000001"}).Draw(t, "no rate")
	case 4:
		x.Bought.Account = "revenue:fee"
	case 5:
		x.Source = ""
	}
	return &commandv1.Operation{What: &commandv1.Operation_Exchange{Exchange: x}}
}
