package cashier

import (
	"slices"

	"kassa/core/fault"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/store"
)

// Returned is what came back of a sale so far. Its zero value is nothing.
type Returned struct {
	Quantities []measure.Quantity // by line of the sale
	Tenders    []money.Amount     // by tender of the sale, net of its change: what was given back
}

// Ask is a line of the sale and how much of it comes back.
type Ask struct {
	Line     int              // its number, from 1
	Quantity measure.Quantity // above 0, whole for pieces
}

// Giveback is one refund, in positive figures.
type Giveback struct {
	Lines []Line // only what comes back, Number and the rest of the Item as sold, in the order of the sale
	Taxes []TaxTotal
	Totals
	Complete bool // nothing of the sale is left
}

// GiveBack computes the refund of what is asked for (nothing: all that is left; one line twice: the sum) and the state
// after it. Sold is the settled sale, done what came back before.
//
// Refunds are cumulative: after k of n of a line came back, each of its figures was given back to floor(figure x k / n) in
// all, the line's part of the points earned likewise. So any number of refunds in any order gives the same figures in the
// end, which are those of the sale. A refund gives back the difference of two such states; none of its figures is negative,
// but for the rounding. The rounding comes back with the last piece, except where that would give back more money than was
// paid before the last piece: then that part of it comes earlier.
//
// Faults: line_unknown with line; quantity_invalid with line; refund_exceeds_sold with line, requested and available;
// line_count_invalid, all Invalid. A state that does not belong to the sale is an Internal fault.
func GiveBack(sold Priced, done Returned, asks []Ask) (Giveback, Returned, error) {
	if done.Quantities == nil {
		done.Quantities = make([]measure.Quantity, len(sold.Lines))
	}
	if err := done.check(sold.Lines); err != nil {
		return Giveback{}, Returned{}, err
	}
	coming, err := comingBack(sold.Lines, done.Quantities, asks)
	if err != nil {
		return Giveback{}, Returned{}, err
	}
	earned := make([]money.Amount, len(sold.Lines))
	for i := range sold.Lines {
		earned[i] = sold.Lines[i].Total
	}
	if err := money.AllocateInto(earned, sold.PointsEarned, earned); err != nil {
		return Giveback{}, Returned{}, err
	}
	after := Returned{Quantities: slices.Clone(done.Quantities), Tenders: slices.Clone(done.Tenders)}
	back := Giveback{Complete: true}
	var gaveBefore, gaveAfter money.Amount // sums of line totals
	for i := range sold.Lines {
		line := &sold.Lines[i]
		after.Quantities[i] += coming[i]
		back.Complete = back.Complete && after.Quantities[i] == line.Quantity
		was, is := line.returned(done.Quantities[i], sold.TaxMode), line.returned(after.Quantities[i], sold.TaxMode)
		gaveBefore, gaveAfter = gaveBefore+was.Total, gaveAfter+is.Total
		if coming[i] > 0 {
			back.add(is.less(was))
			back.PointsEarned += line.share(earned[i], after.Quantities[i]) - line.share(earned[i], done.Quantities[i])
		}
	}
	back.Taxes = taxBases(back.Lines)
	back.Rounding = sold.roundingBack(gaveAfter, back.Complete) - sold.roundingBack(gaveBefore, false)
	back.Total += back.Rounding
	return back, after, nil
}

// check refuses a state that does not belong to the lines.
func (r Returned) check(lines []Line) error {
	fits := len(r.Quantities) == len(lines)
	for i := 0; fits && i < len(lines); i++ {
		fits = r.Quantities[i] >= 0 && r.Quantities[i] <= lines[i].Quantity
	}
	if !fits {
		return fault.New(fault.Internal, "refund_state_invalid", "the refund state is not that of the sale")
	}
	return nil
}

// comingBack returns by line what is to come back.
func comingBack(lines []Line, done []measure.Quantity, asks []Ask) ([]measure.Quantity, error) {
	if len(asks) > MaxLines {
		return nil, fault.New(fault.Invalid, "line_count_invalid", "a refund asks for at most %d lines", MaxLines)
	}
	back := make([]measure.Quantity, len(lines))
	if len(asks) == 0 {
		return back, allThatIsLeft(back, lines, done)
	}
	for _, ask := range asks {
		if ask.Line < 1 || ask.Line > len(lines) {
			return nil, fault.New(fault.Invalid, "line_unknown", "the sale has no line %d", ask.Line).With("line", ask.Line)
		}
		i := ask.Line - 1
		unit := lines[i].Unit
		if err := unit.Check(ask.Quantity); err != nil {
			return nil, atLine(err, ask.Line)
		}
		if ask.Quantity <= 0 {
			return nil, fault.New(fault.Invalid, "quantity_invalid", "a quantity is above 0").With("line", ask.Line)
		}
		requested, err := back[i].Add(ask.Quantity)
		if err != nil {
			return nil, atLine(err, ask.Line)
		}
		if left := lines[i].Quantity - done[i]; requested > left {
			return nil, fault.New(fault.Invalid, "refund_exceeds_sold", "of line %d, %s are left and %s were asked for", ask.Line, left, requested).
				With("line", ask.Line).With("requested", unit.Fact(requested)).With("available", unit.Fact(left))
		}
		back[i] = requested
	}
	return back, nil
}

// allThatIsLeft fills back with what did not come back yet; nothing at all is a refusal.
func allThatIsLeft(back []measure.Quantity, lines []Line, done []measure.Quantity) error {
	some := false
	for i := range lines {
		back[i] = lines[i].Quantity - done[i]
		some = some || back[i] > 0
	}
	if !some {
		return fault.New(fault.Invalid, "refund_exceeds_sold", "all of the sale came back already")
	}
	return nil
}

// share returns what of a figure of the line belongs to q of its quantity.
func (l *Line) share(figure money.Amount, q measure.Quantity) money.Amount {
	return money.Share(figure, int64(q), int64(l.Quantity))
}

// returned returns the line's figures after q of it came back.
//
// The net is subtotal - discount - points, three floors, and may move by less than 2 against the exact share. A line that
// nets less than 2 minor units for each step that can come back (a piece, a thousandth) could so give back a unit too much
// and ask for it again later. There the net is a floor as well and the subtotal what the three add up to.
func (l *Line) returned(q measure.Quantity, m store.TaxMode) Line {
	back := *l
	back.Quantity = q
	back.Subtotal = l.share(l.Subtotal, q)
	back.Discount = l.share(l.Discount, q)
	back.PointsUsed = l.share(l.PointsUsed, q)
	back.Tax = l.share(l.Tax, q)
	steps := int64(l.Quantity)
	if l.Unit == measure.Piece {
		steps = l.Quantity.Whole()
	}
	if int64(l.net()) < 2*steps {
		back.Subtotal = l.share(l.net(), q) + back.Discount + back.PointsUsed
	}
	back.Total = back.total(m)
	return back
}

// less returns the line with the figures of l without those of was.
func (l Line) less(was Line) Line {
	l.Quantity -= was.Quantity
	l.Subtotal -= was.Subtotal
	l.Discount -= was.Discount
	l.PointsUsed -= was.PointsUsed
	l.Tax -= was.Tax
	l.Total -= was.Total
	return l
}

// add takes the line into the refund and its totals. The sums are parts of the sale's, so they stay within the bounds.
func (g *Giveback) add(l Line) {
	g.Lines = append(g.Lines, l)
	g.Subtotal += l.Subtotal
	g.Discount += l.Discount
	g.PointsUsed += l.PointsUsed
	g.Tax += l.Tax
	g.Total += l.Total
}

// roundingBack returns how much of the bill's rounding came back once the line totals of what came back sum to gave.
func (p *Priced) roundingBack(gave money.Amount, complete bool) money.Amount {
	if complete {
		return p.Rounding
	}
	return min(0, p.Total-gave)
}

// SpreadTenders spreads the money of a refund over the tenders of the sale, in proportion to what is left of each, by
// largest remainder, so that the last refund empties every one of them. The change of the sale is taken off its cash
// tenders first, the last of them first. Done is what was given back of each tender so far, nil for nothing. It returns the
// tenders of the refund, without those of nothing, and the new done. Figures that do not fit the sale (more than is left,
// a done of another length) are an Internal fault with code refund_state_invalid.
func SpreadTenders(total money.Amount, tenders []Tender, change money.Amount, done []money.Amount) ([]Tender, []money.Amount, error) {
	if done == nil {
		done = make([]money.Amount, len(tenders))
	}
	if len(done) != len(tenders) {
		return nil, nil, fault.New(fault.Internal, "refund_state_invalid", "the refund state is not that of the sale")
	}
	left := kept(tenders, change)
	var sum money.Amount
	for i := range left {
		left[i] -= done[i]
		if left[i] < 0 {
			return nil, nil, fault.New(fault.Internal, "refund_state_invalid", "more of a tender was given back than was kept")
		}
		sum += left[i]
	}
	if total < 0 || total > sum {
		return nil, nil, fault.New(fault.Internal, "refund_state_invalid", "%d of the tenders are left and %d are to be given back", int64(sum), int64(total))
	}
	if err := money.AllocateInto(left, total, left); err != nil {
		return nil, nil, err
	}
	var back []Tender
	after := slices.Clone(done)
	for i, share := range left {
		after[i] += share
		if share > 0 {
			t := tenders[i]
			t.Amount = share
			back = append(back, t)
		}
	}
	return back, after, nil
}

// kept returns the amounts of the tenders after the change was taken off the cash tenders, the last of them first.
func kept(tenders []Tender, change money.Amount) []money.Amount {
	amounts := make([]money.Amount, len(tenders))
	for i := len(tenders) - 1; i >= 0; i-- {
		amounts[i] = tenders[i].Amount
		if tenders[i].Kind == Cash {
			off := min(change, amounts[i])
			amounts[i] -= off
			change -= off
		}
	}
	return amounts
}
