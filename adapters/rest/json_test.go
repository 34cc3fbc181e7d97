package rest

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/measure"
)

type wireDTO struct {
	Name     string       `json:"name"`
	Note     *string      `json:"note"`
	Price    Int          `json:"price"`
	Low      *Int         `json:"low"`
	Quantity Quantity     `json:"quantity"`
	At       Time         `json:"at"`
	Day      Date         `json:"day"`
	Active   bool         `json:"active"`
	ID       id.ID        `json:"id"`
	Tags     []string     `json:"tags"`
	Sub      wireSub      `json:"sub"`
	Opt      Opt[Int]     `json:"opt"`
	OptSub   Opt[wireSub] `json:"opt_sub"`
	Lines    []wireSub    `json:"lines"`
}

type wireSub struct {
	Amount Int `json:"amount"`
}

func (d *wireDTO) Check(v *fault.Validation) {
	if d.Name == "refused" {
		v.Refuse("/name", "refused", "is refused")
	}
}

func TestDecoderRefusals(t *testing.T) {
	const unreadable = "json_invalid"
	for _, c := range []struct{ name, body, pointer, code string }{
		{"syntax", `{"price":}`, "", unreadable},
		{"empty", ``, "", unreadable},
		{"only spaces", " \n\t", "", unreadable},
		{"cut off", `{"price": 1`, "", unreadable},
		{"NaN", `{"price": NaN}`, "", unreadable},
		{"Infinity", `{"price": -Infinity}`, "", unreadable},
		{"leading zero", `{"price": 01}`, "", unreadable},
		{"plus sign", `{"price": +1}`, "", unreadable},
		{"hexadecimal", `{"price": 0x10}`, "", unreadable},
		{"trailing comma", `{"price": 1,}`, "", unreadable},
		{"comment", `{"price": 1} // x`, "", unreadable},
		{"single quotes", `{'price': 1}`, "", unreadable},
		{"trailing value", `{"price": 1} {}`, "", unreadable},
		{"trailing bracket", `{"price": 1}}`, "", unreadable},
		{"trailing NUL", "{\"price\": 1}\x00", "", unreadable},
		{"byte order mark", "\xef\xbb\xbf{}", "", unreadable},
		{"duplicate name", `{"price": 1, "price": 1}`, "", unreadable},
		{"duplicate name, escaped", `{"price": 1, "pr\u0069ce": 2}`, "", unreadable},
		{"duplicate name below", `{"sub": {"amount": 1, "amount": 2}}`, "", unreadable},
		{"invalid UTF-8", "{\"name\": \"\xff\"}", "", unreadable},
		{"lone surrogate", `{"name": "\ud800"}`, "", unreadable},
		{"control character", "{\"name\": \"a\nb\"}", "", unreadable},
		{"too deep", `{"tags": ` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "", unreadable},
		{"much too deep", strings.Repeat(`{"sub":`, 100_000), "", unreadable},
		{"a field is wrong, and so is the text behind it", `{"price": "1", "name": }`, "", unreadable},
		{"an unknown field, and a duplicate behind it", `{"x": 1, "name": "a", "name": "b"}`, "", unreadable},

		{"unknown field", `{"prize": 1}`, "/prize", "field_unknown"},
		{"other case", `{"Price": 1}`, "/Price", "field_unknown"},
		{"unknown field below", `{"lines": [{"amount": 1}, {"sum": 1}]}`, "/lines/1/sum", "field_unknown"},
		{"unknown field with a slash", `{"a/b~": 1}`, "/a~1b~0", "field_unknown"},
		{"float", `{"price": 5.5}`, "/price", "type_invalid"},
		{"whole float", `{"price": 5.0}`, "/price", "type_invalid"},
		{"exponent", `{"price": 1e2}`, "/price", "type_invalid"},
		{"1e400", `{"price": 1e400}`, "/price", "type_invalid"},
		{"string", `{"price": "5"}`, "/price", "type_invalid"},
		{"null", `{"price": null}`, "/price", "type_invalid"},
		{"boolean", `{"price": true}`, "/price", "type_invalid"},
		{"array", `{"price": [1]}`, "/price", "type_invalid"},
		{"object", `{"price": {"amount": 1}}`, "/price", "type_invalid"},
		{"2^53", `{"price": 9007199254740992}`, "/price", "type_invalid"},
		{"-2^53", `{"price": -9007199254740992}`, "/price", "type_invalid"},
		{"10^20", `{"price": 100000000000000000000}`, "/price", "type_invalid"},
		{"optional float", `{"low": 0.5}`, "/low", "type_invalid"},
		{"below", `{"sub": {"amount": 1.5}}`, "/sub/amount", "type_invalid"},
		{"in a list", `{"lines": [{"amount": 1}, {"amount": "1"}]}`, "/lines/1/amount", "type_invalid"},
		{"in an Opt", `{"opt_sub": {"amount": 1.5}}`, "/opt_sub/amount", "type_invalid"},
		{"unknown in an Opt", `{"opt_sub": {"x": 1}}`, "/opt_sub/x", "field_unknown"},
		{"Opt of another type", `{"opt": "1"}`, "/opt", "type_invalid"},
		{"number for a text", `{"name": 1}`, "/name", "type_invalid"},
		{"null for a text", `{"name": null}`, "/name", "type_invalid"},
		{"null for a boolean", `{"active": null}`, "/active", "type_invalid"},
		{"null for a list", `{"tags": null}`, "/tags", "type_invalid"},
		{"null in a list", `{"tags": ["a", null]}`, "/tags/1", "type_invalid"},
		{"null for an object", `{"sub": null}`, "/sub", "type_invalid"},
		{"null below an Opt", `{"opt_sub": {"amount": null}}`, "/opt_sub/amount", "type_invalid"},
		{"1 for true", `{"active": 1}`, "/active", "type_invalid"},
		{"text for a list", `{"tags": "a"}`, "/tags", "type_invalid"},
		{"list for the whole", `[]`, "", "type_invalid"},
		{"null for the whole", `null`, "", "type_invalid"},
		{"text for the whole", `"x"`, "", "type_invalid"},
		{"quantity as a float", `{"quantity": 0.750}`, "/quantity", "type_invalid"},
		{"quantity null", `{"quantity": null}`, "/quantity", "type_invalid"},
		{"quantity list", `{"quantity": [1]}`, "/quantity", "type_invalid"},
		{"quantity with an exponent", `{"quantity": "1e3"}`, "/quantity", "quantity_invalid"},
		{"quantity with four places", `{"quantity": "0.7500"}`, "/quantity", "quantity_invalid"},
		{"quantity empty", `{"quantity": ""}`, "/quantity", "quantity_invalid"},
		{"quantity too large", `{"quantity": 9007199254740991}`, "/quantity", "quantity_invalid"},
		{"time without offset", `{"at": "2026-11-20T23:51:22"}`, "/at", "type_invalid"},
		{"time as a number", `{"at": 1800000000}`, "/at", "type_invalid"},
		{"no such day", `{"day": "2026-02-29"}`, "/day", "type_invalid"},
		{"day as a number", `{"day": 20261120}`, "/day", "type_invalid"},
		{"Check", `{"name": "refused"}`, "/name", "refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var dto wireDTO
			f, ok := fault.As(decode([]byte(c.body), &dto))
			if !ok {
				t.Fatalf("taken as %+v", dto)
			}
			if c.code == unreadable {
				if f.Kind != fault.Malformed || f.Code != unreadable || len(f.Fields) != 0 {
					t.Fatalf("got %+v", f)
				}
				return
			}
			if f.Kind != fault.Invalid || f.Code != "validation_failed" || len(f.Fields) != 1 {
				t.Fatalf("got %+v", f)
			}
			if e := f.Fields[0]; e.Pointer != c.pointer || e.Code != c.code || e.Detail == "" {
				t.Fatalf("got %+v", e)
			}
		})
	}
}

func TestDecoderReads(t *testing.T) {
	var d wireDTO
	if err := decode([]byte(` {"name": "a \"null\" b\u00e9", "note": null, "price": -9007199254740991, "low": 0, "quantity": "0.75",
		"at": "2026-11-20T23:51:22.5779+01:00", "day": "9999-12-31", "active": true, "id": "x-1", "tags": [],
		"sub": {"amount": 9007199254740991}, "opt": null, "lines": [{"amount": -0}]} `), &d); err != nil {
		t.Fatal(err)
	}
	want := time.Date(2026, 11, 20, 22, 51, 22, 577e6, time.UTC)
	switch {
	case d.Name != `a "null" bé`, d.Note != nil, d.Price != -maxInt, d.Low == nil || *d.Low != 0, d.Quantity != 750,
		!time.Time(d.At).Equal(want), d.Day != Date(99991231), !d.Active, d.ID != "x-1", d.Tags == nil,
		d.Sub.Amount != maxInt, !d.Opt.Set || !d.Opt.Null, d.OptSub.Set, len(d.Lines) != 1:
		t.Fatalf("got %+v", d)
	}
	for text, want := range map[string]measure.Quantity{`2`: 2000, `"2"`: 2000, `-1`: -1000, `"1.245"`: 1245, `"\u0031"`: 1000} {
		if err := decode([]byte(`{"quantity": `+text+`}`), &d); err != nil || d.Quantity != Quantity(want) {
			t.Errorf("%s: got %d and %v, want %d", text, d.Quantity, err, want)
		}
	}
	var later struct {
		Items []jsontext.Value `json:"items"`
	}
	if err := decode([]byte(`{"items": [null, 5]}`), &later); err != nil || len(later.Items) != 2 {
		t.Errorf("what is read later: got %s and %v", later.Items, err)
	}
}

func TestOptTellsAbsentNullAndValueApart(t *testing.T) {
	for _, c := range []struct {
		body              string
		or, orCleared     Int
		refused, required string
	}{
		{`{}`, 7, 7, "", "required"},
		{`{"opt": null}`, 7, 0, "type_invalid", "required"},
		{`{"opt": 0}`, 0, 0, "", ""},
		{`{"opt": 5}`, 5, 5, "", ""},
	} {
		var d wireDTO
		if err := decode([]byte(c.body), &d); err != nil {
			t.Fatal(err)
		}
		var or, required fault.Validation
		if got := d.Opt.Or(&or, "/opt", 7); got != c.or {
			t.Errorf("%s: Or is %d, want %d", c.body, got, c.or)
		}
		if got := d.Opt.OrCleared(7); got != c.orCleared {
			t.Errorf("%s: OrCleared is %d, want %d", c.body, got, c.orCleared)
		}
		d.Opt.Required(&required, "/opt")
		for _, v := range []struct {
			err  error
			want string
		}{{or.Err(), c.refused}, {required.Err(), c.required}} {
			got := ""
			if f, ok := fault.As(v.err); ok {
				got = f.Fields[0].Code
			}
			if got != v.want {
				t.Errorf("%s: refused with %q, want %q", c.body, got, v.want)
			}
		}
	}
	var v fault.Validation
	Required(&v, "/name", "")
	Required(&v, "/other", "x")
	if f, _ := fault.As(v.Err()); f == nil || len(f.Fields) != 1 || f.Fields[0].Pointer != "/name" {
		t.Errorf("got %+v", f)
	}
}

func TestAnswersAreEncodedTheSameEveryTime(t *testing.T) {
	body := struct {
		B     string         `json:"b"`
		A     map[string]int `json:"a"`
		Items []string       `json:"items"`
		At    Time           `json:"at"`
		Day   Date           `json:"day"`
		Sold  []Measured     `json:"sold"`
		None  *Date          `json:"none"`
	}{
		B: "<b>&é\u2028", A: map[string]int{"z": 1, "a": 2, "m": 3}, At: Time(time.UnixMilli(1_800_000_000_000).In(time.FixedZone("", 3600))),
		Day: Date(clock.Date(20261120)), Sold: []Measured{{2000, measure.Piece}, {750, measure.Kilogram}, {-1500, measure.Litre}},
	}
	const want = `{"b":"<b>&é` + "\u2028" + `","a":{"a":2,"m":3,"z":1},"items":[],"at":"2027-01-15T08:00:00.000Z","day":"2026-11-20",` +
		`"sold":[2,"0.750","-1.500"],"none":null}`
	for range 20 {
		got, err := json.Marshal(body, answerOptions)
		if err != nil || string(got) != want {
			t.Fatalf("got %s and %v, want %s", got, err, want)
		}
	}
	if b, err := json.Marshal(Quantity(750)); err == nil {
		t.Errorf("a quantity without its unit was shown as %s", b)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"price":1}`, `{"quantity":"0.750","opt":null}`, `{"lines":[{"amount":-1}]}`, `[[[`, `{"at":"2026-11-20T23:51:22Z"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var d wireDTO
		err := decode(body, &d)
		if err == nil {
			if d.Price > maxInt || d.Price < -maxInt || measure.Quantity(d.Quantity).Check() != nil {
				t.Fatalf("%s was taken as %+v", body, d)
			}
			return
		}
		if fa, ok := fault.As(err); !ok || fa.Kind != fault.Malformed && fa.Kind != fault.Invalid {
			t.Fatalf("%s: %v is no refusal of input", body, err)
		}
	})
}
