package journal

import (
	"testing"
	"time"

	"kassa/core/audit"

	"pgregory.net/rapid"
)

type note struct {
	text  string
	count int64
	parts []part
	when  time.Time
}

type part struct {
	name string
	n    int
}

func (*note) Kind() string { return "note" }

func (n *note) Walk(c *Codec) {
	Text(c, "text", &n.text)
	Int(c, "count", &n.count)
	Time(c, "when", &n.when)
	Objects(c, "parts", &n.parts, func(c *Codec, p *part) {
		Text(c, "name", &p.name)
		Int(c, "n", &p.n)
	})
}

var schema = Schema{"note": func() Document { return &note{} }}

func draw(t *rapid.T) Record {
	d := &note{text: rapid.String().Draw(t, "text"), count: rapid.Int64().Draw(t, "count")}
	for range rapid.IntRange(0, 3).Draw(t, "parts") {
		d.parts = append(d.parts, part{rapid.String().Draw(t, "name"), rapid.Int().Draw(t, "n")})
	}
	r := Record{ID: "r1", Position: rapid.Int64Range(1, 1<<53).Draw(t, "position"), At: time.UnixMilli(rapid.Int64Range(0, 1<<45).Draw(t, "at")).UTC(),
		Actor: audit.Actor{ID: "u1", Role: "cashier"}}
	r.Doc, r.Chain, r.Keys, r.Refs = d, "reg", []Key{"idem:a\"b"}, []Ref{"@bills", "register:reg"}
	r.Lines = []Line{{"drawer:reg", "EUR", 5, 0}, {"revenue", "EUR", -5, -5}}
	return r
}

func TestRecordReadsBackAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := draw(t)
		if err := r.Seal(); err != nil {
			t.Fatal(err)
		}
		got, err := Open(schema, r.Encoded())
		if err != nil {
			t.Fatalf("%v in %s", err, r.Encoded())
		}
		if got.Hash != r.Hash {
			t.Fatal("the hash of the bytes differs")
		}
		if err := got.Seal(); err != nil || string(got.Encoded()) != string(r.Encoded()) {
			t.Fatalf("written again: %s, want %s", got.Encoded(), r.Encoded())
		}
	})
}

func TestAnyChangedByteIsNoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := draw(t)
		if err := r.Seal(); err != nil {
			t.Fatal(err)
		}
		b := append([]byte(nil), r.Encoded()...)
		i := rapid.IntRange(0, len(b)-1).Draw(t, "i")
		b[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		got, err := Open(schema, b)
		if err == nil && got.Hash == r.Hash {
			t.Fatalf("%s reads as the same record", b)
		}
	})
}

func TestGoldenDigest(t *testing.T) {
	r := Record{ID: "r1", Position: 7, At: time.UnixMilli(1700000000123), Actor: audit.Actor{ID: "u1", Role: "cashier", RequestID: "q"}}
	r.Day, r.Chain, r.Keys, r.Refs, r.Touched = 20261121, "reg", []Key{"idem:k"}, []Ref{"@bills"}, []Ref{"account:revenue"}
	r.Lines = []Line{{"drawer:reg", "EUR", 5, 5}}
	r.Facts = []audit.Fact{{Action: "sale", Entity: "bill", EntityID: "r1"}}
	r.Doc = &note{text: "a\n\"b\"", count: -3}
	if err := r.Seal(); err != nil {
		t.Fatal(err)
	}
	const want = `{"v":1,"id":"r1","position":7,"at":1700000000123,"day":20261121,"actor":"u1","role":"cashier","request_id":"q","chain":"reg",` +
		`"keys":["idem:k"],"refs":["@bills"],"touched":["account:revenue"],"lines":[{"account":"drawer:reg","unit":"EUR","amount":5,"balance":5}],` +
		`"facts":[{"action":"sale","entity":"bill","entity_id":"r1"}],"kind":"note","doc":{"text":"a\u000a\"b\"","count":-3}}`
	if string(r.Encoded()) != want {
		t.Errorf("canonical form\n%s\nwant\n%s", r.Encoded(), want)
	}
	const digest = "e175cfa7e7dcaab25aa855d48db8b7ebe6866a7956de8065ce1fabd91e757c22"
	if r.Hash.String() != digest {
		t.Errorf("hash %s, want %s", r.Hash, digest)
	}
}

func TestReadingRefusesWhatIsNotCanonical(t *testing.T) {
	for _, b := range []string{``, `{}`, `{"v":1}`, `{"v":2,"kind":"note","doc":{}}`, `{"v":1,"kind":"other","doc":{}}`, `{"v":1,"kind":"note","doc":{}} `,
		`{"v":01,"kind":"note","doc":{}}`, `{"v":1,"kind":"note","doc":{"count":0}}`, `{"v":1,"kind":"note","doc":{"extra":1}}`, `{"v":1,"kind":"note","doc":{"text":"\u0041"}}`} {
		if _, err := Open(schema, []byte(b)); err == nil {
			t.Errorf("%s was read", b)
		}
	}
}
