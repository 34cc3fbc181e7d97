package money_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kassa/core/money"
)

func TestCurrenciesAndTheirDecimals(t *testing.T) {
	for code, want := range map[string]int{"EUR": 2, "USD": 2, "CHF": 2, "JPY": 0, "KRW": 0, "ISK": 0, "KWD": 3, "BHD": 3, "TND": 3, "CLF": 4} {
		c, err := money.ParseCurrency(code)
		wantFault(t, err, "")
		if c.Exponent() != want {
			t.Errorf("%s has %d decimals, want %d", code, c.Exponent(), want)
		}
	}
	for _, code := range []string{"", "eur", "EU", "EURO", "XXX", "XAU", "DEM", "€", "EUR "} {
		_, err := money.ParseCurrency(code)
		wantFault(t, err, "currency_invalid")
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		currency money.Currency
		amount   money.Amount
		want     string
	}{
		{"EUR", 1234, "12.34"}, {"EUR", -5, "-0.05"}, {"EUR", 0, "0.00"}, {"EUR", 100, "1.00"}, {"JPY", 500, "500"}, {"JPY", -1, "-1"},
		{"KWD", 1, "0.001"}, {"KWD", 12345, "12.345"}, {"CLF", -12, "-0.0012"}, {"EUR", money.Max, "90071992547409.91"},
	} {
		if got := c.currency.Format(c.amount); got != c.want {
			t.Errorf("%s %d is %q, want %q", c.currency, c.amount, got, c.want)
		}
	}
}

func TestPricesInMajorUnitsAreExact(t *testing.T) {
	for _, c := range []struct {
		currency money.Currency
		text     string
		want     money.Amount
		code     string
	}{
		{"EUR", "617.8", 61780, ""}, {"EUR", "0", 0, ""}, {"EUR", "0.07", 7, ""}, {"EUR", "1.5000", 150, ""}, {"JPY", "5.0", 5, ""},
		{"JPY", "617", 617, ""}, {"KWD", "1.005", 1005, ""}, {"EUR", "90071992547409.91", money.Max, ""},
		{"EUR", "1.005", 0, "price_too_precise"}, {"JPY", "0.5", 0, "price_too_precise"}, {"KWD", "1.0005", 0, "price_too_precise"},
		{"EUR", "90071992547409.92", 0, "amount_out_of_range"}, {"EUR", "99999999999999999999999", 0, "amount_out_of_range"},
		{"EUR", "-1", 0, "price_invalid"}, {"EUR", "+1", 0, "price_invalid"}, {"EUR", "1e3", 0, "price_invalid"}, {"EUR", "NaN", 0, "price_invalid"},
		{"EUR", "Infinity", 0, "price_invalid"}, {"EUR", "0x10", 0, "price_invalid"}, {"EUR", " 1", 0, "price_invalid"}, {"EUR", "1 ", 0, "price_invalid"},
		{"EUR", "1,50", 0, "price_invalid"}, {"EUR", "1_000", 0, "price_invalid"}, {"EUR", "", 0, "price_invalid"}, {"EUR", ".", 0, "price_invalid"},
		{"EUR", ".5", 0, "price_invalid"}, {"EUR", "5.", 0, "price_invalid"}, {"EUR", "1.2.3", 0, "price_invalid"}, {"EUR", "01", 0, "price_invalid"},
		{"EUR", "١", 0, "price_invalid"}, {"EUR", "1." + strings.Repeat("0", 64), 0, "price_invalid"},
	} {
		t.Run(string(c.currency)+" "+c.text, func(t *testing.T) {
			got, err := c.currency.ParseMajor(c.text)
			wantFault(t, err, c.code)
			if got != c.want {
				t.Fatalf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestWhatIsFormattedReadsBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]money.Currency{"EUR", "JPY", "KWD", "CLF"}).Draw(t, "currency")
		a := max(amounts().Draw(t, "amount"), 0)
		got, err := c.ParseMajor(c.Format(a))
		if err != nil || got != a {
			t.Fatalf("got %d and %v, want %d", got, err, a)
		}
	})
}
