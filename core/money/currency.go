package money

import (
	"strconv"
	"strings"

	"kassa/core/fault"
)

// Currency is an ISO 4217 code, three upper-case letters. Its zero value is no currency.
type Currency string

// maxPriceLength bounds what ParseMajor reads, in bytes.
const maxPriceLength = 64

// ParseCurrency returns the currency with the code, or an Invalid fault with code currency_invalid when the code is not on
// the list of active currencies and funds of ISO 4217. Codes without a minor unit (gold, special drawing rights, testing)
// are no currencies here.
func ParseCurrency(code string) (Currency, error) {
	if _, ok := exponent(Currency(code)); !ok {
		return "", fault.New(fault.Invalid, "currency_invalid", "a currency is an active ISO 4217 code such as EUR")
	}
	return Currency(code), nil
}

// Exponent returns the number of decimals of the major unit: 0, 2, 3 or 4. It is 0 for what is no currency.
func (c Currency) Exponent() int {
	e, _ := exponent(c)
	return e
}

// Format returns a in major units with all decimals of the currency, a point and no symbol: "12.34", "-0.05", "500".
func (c Currency) Format(a Amount) string {
	digits := strconv.FormatUint(magnitude(int64(a)), 10)
	sign := ""
	if a < 0 {
		sign = "-"
	}
	e := c.Exponent()
	if e == 0 {
		return sign + digits
	}
	if short := e + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	point := len(digits) - e
	return sign + digits[:point] + "." + digits[point:]
}

// ParseMajor reads a price in major units as an exact decimal: digits without leading zeros, then maybe a point and
// digits. Nothing is rounded. Faults, all Invalid: price_too_precise for more decimals than the currency has (zeros at
// the end do not count), amount_out_of_range beyond Max, price_invalid for all else, negatives included.
func (c Currency) ParseMajor(s string) (Amount, error) {
	major, decimals, point := strings.Cut(s, ".")
	if len(s) > maxPriceLength || !isDigits(major) || (point && !isDigits(decimals)) || (len(major) > 1 && major[0] == '0') {
		return 0, fault.New(fault.Invalid, "price_invalid", "a price is a decimal number of 0 or more such as 12.50")
	}
	e := c.Exponent()
	decimals = strings.TrimRight(decimals, "0")
	if len(decimals) > e {
		return 0, fault.New(fault.Invalid, "price_too_precise", "a price in %s has at most %d decimals", string(c), e)
	}
	v, err := strconv.ParseUint(major+decimals+strings.Repeat("0", e-len(decimals)), 10, 64)
	if err != nil {
		return 0, outOfRange().Wrap(err)
	}
	return signed(v, false)
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// exponent is the list of ISO 4217, active currencies and funds, as of 2026.
func exponent(c Currency) (int, bool) {
	switch c {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0, true
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3, true
	case "CLF", "UYW":
		return 4, true
	case "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN",
		"BAM", "BBD", "BDT", "BMD", "BND", "BOB", "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD",
		"CAD", "CDF", "CHE", "CHF", "CHW", "CNY", "COP", "COU", "CRC", "CUP", "CVE", "CZK",
		"DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP",
		"GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF",
		"IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT",
		"LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZN",
		"NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB",
		"SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL",
		"THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "USN", "UYU", "UZS", "VED", "VES", "WST",
		"XAD", "XCD", "XCG", "YER", "ZAR", "ZMW", "ZWG":
		return 2, true
	}
	return 0, false
}
