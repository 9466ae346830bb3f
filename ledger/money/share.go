package money

// Fraction is a part of a whole as a quotient of two amounts, so that a third of it is
// exactly a third.
type Fraction struct{ Part, Whole Amount }

// Share is the amount's part by the fraction, cut to scale places, and the remainder
// that was cut off, times the fraction's whole: remainders of one fraction compare as
// what was cut off does. Nothing of it may be negative, and the whole not zero.
func (a Amount) Share(f Fraction, scale int32) (share, rest Amount) {
	product := a.Times(f.Part)
	share = product.Div(f.Whole, scale, Down)
	return share, product.Sub(share.Times(f.Whole))
}

// Times is the exact product, with the places of both.
func (a Amount) Times(b Amount) Amount { return a.Mul(b, a.decimals()+b.decimals(), Down) }

// Unit is the smallest amount of the asset above zero.
func (s Asset) Unit() Amount { return New(1, s.Scale) }
