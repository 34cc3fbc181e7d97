package measure_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"kassa/core/fault"
	"kassa/core/measure"
	"kassa/core/money"
)

func wantFault(t *testing.T, err error, code string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Fatalf("got %v, want no fault", err)
		}
		return
	}
	if !fault.IsCode(err, code) || !fault.IsKind(err, fault.Invalid) {
		t.Fatalf("got %v, want an Invalid fault with code %s", err, code)
	}
}

func TestParseQuantity(t *testing.T) {
	const bad = "quantity_invalid"
	for _, c := range []struct {
		text string
		want measure.Quantity
		code string
	}{
		{"0.750", 750, ""}, {"0.75", 750, ""}, {"1.245", 1245, ""}, {"2", 2000, ""}, {"-1.5", -1500, ""}, {"0", 0, ""}, {"-0", 0, ""},
		{"9007199254740.991", measure.Max, ""}, {"9007199254740.992", 0, bad}, {"-9007199254740.992", 0, bad}, {"9223372036854775808", 0, bad},
		{"0.7501", 0, bad}, {"1.0000", 0, bad}, {"", 0, bad}, {"-", 0, bad}, {".5", 0, bad}, {"5.", 0, bad}, {"01", 0, bad}, {"+1", 0, bad},
		{"--1", 0, bad}, {"1e3", 0, bad}, {"NaN", 0, bad}, {"0x1", 0, bad}, {" 1", 0, bad}, {"1,5", 0, bad}, {"1.2.3", 0, bad}, {"1.-2", 0, bad},
		{"100000000000000000000000000", 0, bad},
	} {
		t.Run(c.text, func(t *testing.T) {
			got, err := measure.ParseQuantity(c.text)
			wantFault(t, err, c.code)
			if got != c.want {
				t.Fatalf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestQuantitiesAsText(t *testing.T) {
	for _, c := range []struct {
		q                    measure.Quantity
		short, pieces, kilos string
	}{
		{750, "0.75", "0.750", "0.750"}, {2000, "2", "2", "2.000"}, {-1500, "-1.5", "-1.500", "-1.500"}, {0, "0", "0", "0.000"},
		{1, "0.001", "0.001", "0.001"}, {-10_000, "-10", "-10", "-10.000"},
	} {
		if s, p, k := c.q.String(), c.q.Format(measure.Piece), c.q.Format(measure.Kilogram); s != c.short || p != c.pieces || k != c.kilos {
			t.Errorf("%d: got %q %q %q, want %q %q %q", int64(c.q), s, p, k, c.short, c.pieces, c.kilos)
		}
	}
}

func TestWhatIsShownReadsBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := measure.Quantity(rapid.Int64Range(-int64(measure.Max), int64(measure.Max)).Draw(t, "quantity"))
		for _, text := range []string{q.String(), q.Format(measure.Litre), q.Format(measure.Piece)} {
			if got, err := measure.ParseQuantity(text); err != nil || got != q {
				t.Fatalf("%q reads back as %d and %v, want %d", text, got, err, q)
			}
		}
	})
}

func TestUnits(t *testing.T) {
	for _, c := range []struct {
		unit string
		q    measure.Quantity
		code string
	}{
		{"piece", 2000, ""}, {"piece", -2000, ""}, {"piece", 2500, "quantity_invalid"}, {"kg", 750, ""}, {"l", 1, ""}, {"m", 0, ""},
		{"kg", measure.Max + 1, "quantity_invalid"}, {"piece", math.MinInt64, "quantity_invalid"},
	} {
		u, err := measure.ParseUnit(c.unit)
		wantFault(t, err, "")
		wantFault(t, u.Check(c.q), c.code)
	}
	for _, s := range []string{"", "KG", "g", "pieces"} {
		_, err := measure.ParseUnit(s)
		wantFault(t, err, "unit_invalid")
		wantFault(t, measure.Unit(s).Check(1000), "unit_invalid")
	}
}

func TestExtendIsHalfUpToTheMinorUnit(t *testing.T) {
	for _, c := range []struct {
		q           measure.Quantity
		price, want money.Amount
		code        string
	}{
		{750, 1333, 1000, ""}, {1245, 249, 310, ""}, {3000, 1999, 5997, ""}, {500, 1, 1, ""}, {499, 1, 0, ""}, {-750, 1333, -1000, ""},
		{measure.Max, 1000, money.Max, ""}, {measure.Max, 1001, 0, "amount_out_of_range"}, {2000, money.Max, 0, "amount_out_of_range"},
	} {
		got, err := c.q.Extend(c.price)
		wantFault(t, err, c.code)
		if got != c.want {
			t.Errorf("%s x %d = %d, want %d", c.q, c.price, got, c.want)
		}
	}
}

func TestQuantitiesBeyondTheBoundsAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func() (measure.Quantity, error)
		want measure.Quantity
		code string
	}{
		{"sum", func() (measure.Quantity, error) { return measure.Quantity(750).Add(250) }, 1000, ""},
		{"difference", func() (measure.Quantity, error) { return measure.Quantity(750).Sub(1000) }, -250, ""},
		{"sum beyond max", func() (measure.Quantity, error) { return measure.Max.Add(1) }, 0, "quantity_invalid"},
		{"difference beyond max", func() (measure.Quantity, error) { return (-measure.Max).Sub(1) }, 0, "quantity_invalid"},
		{"sum that would wrap", func() (measure.Quantity, error) { return measure.Quantity(math.MaxInt64).Add(math.MaxInt64) }, 0, "quantity_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.do()
			wantFault(t, err, c.code)
			if got != c.want {
				t.Fatalf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestFactsTellPiecesAsIntegers(t *testing.T) {
	if got := measure.Piece.Fact(3000); got != int64(3) {
		t.Errorf("three pieces are %v", got)
	}
	if got := measure.Kilogram.Fact(3000); got != "3.000" {
		t.Errorf("three kilograms are %v", got)
	}
}
