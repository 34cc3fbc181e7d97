package rest

import (
	"errors"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/measure"
)

// maxInt is the largest integer that every JSON reader keeps exactly.
const maxInt = 1<<53 - 1

// Int is an integer of a request or an answer: an amount in minor units, points, a count. It reads integers within 2^53-1 only: null, a
// float, an exponent, a string and a larger number are refused, never rounded.
type Int int64

// UnmarshalJSONFrom reads the integer.
func (n *Int) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	i, ok := parseInt(raw)
	if !ok {
		return wireError{"type_invalid", "must be an integer between -9007199254740991 and 9007199254740991; amounts are in minor units"}
	}
	*n = Int(i)
	return nil
}

// parseInt reads -?[0-9]+ within 2^53-1; the JSON grammar already excludes leading zeros.
func parseInt(raw []byte) (int64, bool) {
	digits := raw
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 16 {
		return 0, false
	}
	var n int64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if n > maxInt {
		return 0, false
	}
	if len(digits) < len(raw) {
		n = -n
	}
	return n, true
}

// Quantity is a quantity of a request: an integer, or a decimal string with at most three places. An answer has Measured.
type Quantity measure.Quantity

// UnmarshalJSONFrom reads the quantity.
func (q *Quantity) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	kind, text, err := scalar(d)
	if err != nil {
		return err
	}
	_, whole := parseInt([]byte(text))
	if kind != '"' && (kind != '0' || !whole) {
		return wireError{"type_invalid", `must be an integer or a decimal string with at most three places, such as 2 or "0.750"`}
	}
	n, err := measure.ParseQuantity(text)
	if err != nil {
		if f, ok := fault.As(err); ok {
			return wireError{f.Code, f.Message}
		}
		return err
	}
	*q = Quantity(n)
	return nil
}

// scalar reads the next value: of a string and a number also the text, of anything else only the kind.
func scalar(d *jsontext.Decoder) (jsontext.Kind, string, error) {
	kind := d.PeekKind()
	if kind != '"' && kind != '0' {
		return kind, "", d.SkipValue()
	}
	t, err := d.ReadToken()
	if err != nil {
		return kind, "", err
	}
	return kind, t.String(), nil
}

// MarshalJSONTo refuses: without its unit a quantity cannot be shown.
func (Quantity) MarshalJSONTo(*jsontext.Encoder) error {
	return errors.New("rest: a quantity is answered with its unit, as Measured")
}

// Measured is a quantity of an answer: an integer of pieces, else a decimal string such as "0.750".
type Measured struct {
	Quantity measure.Quantity
	Unit     measure.Unit
}

// MarshalJSONTo writes the quantity.
func (m Measured) MarshalJSONTo(e *jsontext.Encoder) error {
	return json.MarshalEncode(e, m.Unit.Fact(m.Quantity))
}

// Time is an instant: RFC 3339 with any offset when read, milliseconds UTC when written.
type Time time.Time

const timeLayout = "2006-01-02T15:04:05.000Z"

// UnmarshalJSONFrom reads the instant.
func (t *Time) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	kind, text, err := scalar(d)
	if err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, text)
	if kind != '"' || err != nil {
		return wireError{"type_invalid", "must be a time such as 2026-11-20T23:51:22.577Z"}
	}
	*t = Time(clock.Milli(at))
	return nil
}

// MarshalJSONTo writes the instant.
func (t Time) MarshalJSONTo(e *jsontext.Encoder) error {
	b := make([]byte, 0, len(timeLayout)+2)
	b = append(b, '"')
	b = time.Time(t).UTC().AppendFormat(b, timeLayout)
	return e.WriteValue(append(b, '"'))
}

// Date is a business date, YYYY-MM-DD.
type Date clock.Date

// UnmarshalJSONFrom reads the date.
func (t *Date) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	kind, text, err := scalar(d)
	if err != nil {
		return err
	}
	day, err := clock.ParseDate(text)
	if kind != '"' || err != nil {
		return wireError{"type_invalid", "must be a day of the calendar such as 2026-11-20"}
	}
	*t = Date(day)
	return nil
}

// MarshalJSONTo writes the date.
func (t Date) MarshalJSONTo(e *jsontext.Encoder) error {
	return e.WriteToken(jsontext.String(clock.Date(t).String()))
}

// Opt is a field that is absent, null, or a value. PATCH needs the difference: an absent field is left alone, null clears it.
type Opt[T any] struct {
	Value T
	Set   bool // the field is there, with a value or null
	Null  bool // the field is there and null
}

func (*Opt[T]) readsNull() {}

// UnmarshalJSONFrom notes that the field is there and reads it.
func (o *Opt[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	o.Set = true
	if d.PeekKind() == 'n' {
		o.Null = true
		return d.SkipValue()
	}
	return json.UnmarshalDecode(d, &o.Value)
}

// Or returns the value, or old where the field is absent. Null is refused in v: use it for what cannot be cleared.
func (o Opt[T]) Or(v *fault.Validation, pointer string, old T) T {
	switch {
	case !o.Set:
		return old
	case o.Null:
		v.Refuse(pointer, "type_invalid", "must not be null")
		return old
	}
	return o.Value
}

// OrCleared returns the value, old where the field is absent, or the zero value where it is null.
func (o Opt[T]) OrCleared(old T) T {
	if !o.Set {
		return old
	}
	return o.Value
}

// Required returns the value; an absent or null field is refused in v with the code required.
func (o Opt[T]) Required(v *fault.Validation, pointer string) T {
	if !o.Set || o.Null {
		v.Refuse(pointer, "required", "is required")
	}
	return o.Value
}

// Required refuses an empty text in v with the code required.
func Required(v *fault.Validation, pointer, text string) {
	if text == "" {
		v.Refuse(pointer, "required", "is required")
	}
}
