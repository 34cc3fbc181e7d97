package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"kassa/core/fault"
	"kassa/core/journal"
	"kassa/core/writer"
)

// repeated sends keys again when their operations would be refused, alone and among new ones.
func repeated(t *testing.T, d *database) {
	f := d.fixture(t)
	w := f.writer(f.Provider, 0)
	take := func(key string) writer.Operation { return add{key: key, jars: []string{"a"}, n: -1} }
	if _, errs := w.DoAll(t.Context(), f.store, []writer.Operation{add{jars: []string{"a"}, n: 2}, take("first"), take("second")}); errors.Join(errs...) != nil {
		t.Fatal(errs)
	}
	if r, err := w.Do(t.Context(), f.store, take("first")); err != nil || !r.Replayed || r.Record.Position != 2 {
		t.Fatalf("alone: record %d, replayed %v, %v", r.Record.Position, r.Replayed, err)
	}
	fill := add{key: "third", jars: []string{"b"}, n: 1}
	rs, errs := w.DoAll(t.Context(), f.store, []writer.Operation{fill, take("second"), take("fourth"), add{key: "first", jars: []string{"b"}, n: 1}})
	if errs[0] != nil || rs[0].Replayed || errs[1] != nil || rs[1].Record.Position != 3 || !errors.Is(errs[2], errEmpty) || !fault.IsCode(errs[3], "idempotency_key_reused") {
		t.Fatalf("among new ones: %v, record %d", errs, rs[1].Record.Position)
	}
	if _, errs := w.DoAll(t.Context(), f.store, []writer.Operation{add{key: "fifth", jars: []string{"b"}, n: 1}, fill}); errors.Join(errs...) != nil {
		t.Fatalf("nothing refused: %v", errs)
	}
	if a, b, p := f.count(t.Context(), "a"), f.count(t.Context(), "b"), f.head(t.Context()).Position; a != 0 || b != 2 || p != 5 {
		t.Fatalf("a %d, b %d, position %d", a, b, p)
	}
}

// odd is an add that cannot be done a second time: it asks for more and more, or for what cannot be read.
type odd struct {
	add
	ask func(v *writer.View)
}

func (o odd) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	if j, ok := writer.Get[*jar](v, jarRef("a")); ok && j.n > 0 {
		o.ask(v)
	}
	return o.add.Apply(v)
}

func repeatedImpossible(t *testing.T, d *database) {
	asked := 0
	for name, ask := range map[string]func(v *writer.View){
		"asks for ever":  func(v *writer.View) { asked++; v.Value(jarRef(fmt.Sprint("other", asked))) },
		"cannot be read": func(v *writer.View) { v.Value(journal.NewRef("nobodykeeps", "x")) },
	} {
		f := d.fixture(t)
		w := f.writer(f.Provider, 0)
		o := odd{add{key: "k", jars: []string{"a"}, n: 1}, ask}
		fresh := add{jars: []string{"b"}, n: 1}
		if _, err := w.Do(t.Context(), f.store, o); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			rs, errs := w.DoAll(t.Context(), f.store, []writer.Operation{fresh, o, fresh})
			if errors.Join(errs...) != nil || !rs[1].Replayed || rs[1].Record.Position != 1 {
				t.Fatalf("%s: %v, record %d", name, errs, rs[1].Record.Position)
			}
			if r, err := w.Do(t.Context(), f.store, o); err != nil || r.Record.Position != 1 {
				t.Fatalf("%s, alone: %v, record %d", name, err, r.Record.Position)
			}
		}
	}
}

// double is an add with a second key, and without the first in what is compared, as a sale's client_sale_id is.
type double struct {
	add
	second string
}

func (o double) Intent() writer.Intent {
	in := o.add.Intent()
	in.Request = request(add{jars: o.jars, n: o.n})
	in.Once = append(in.Once, writer.Once{Key: journal.NewKey("sale", o.second), Refuse: func(journal.Record) error { return errors.New("used") }})
	return in
}

// twoKeys asks with a first key that was used before and a second one that a neighbour in the batch has just taken: the first decides.
func twoKeys(t *testing.T, d *database) {
	for _, batch := range []int{1, 128} {
		f := d.fixture(t)
		w := f.writer(f.Provider, batch)
		do := func(key, second string, n int64) writer.Operation {
			return double{add{key: key, jars: []string{"a"}, n: n}, second}
		}
		if _, errs := w.DoAll(t.Context(), f.store, []writer.Operation{do("same", "s1", 1), do("other", "s2", 2)}); errors.Join(errs...) != nil {
			t.Fatal(errs)
		}
		rs, errs := w.DoAll(t.Context(), f.store, []writer.Operation{do("new", "s3", 1), do("same", "s3", 1), do("other", "s3", 1)})
		if errs[0] != nil || errs[1] != nil || rs[1].Record.Position != 1 || !fault.IsCode(errs[2], "idempotency_key_reused") {
			t.Errorf("batches of %d: %v, record %d", batch, errs, rs[1].Record.Position)
		}
	}
}

// timeStands starts again with the clock set back, with an operation that reads nothing.
func timeStands(t *testing.T, d *database) {
	f := d.fixture(t)
	if _, err := f.writer(f.Provider, 0).Do(t.Context(), f.store, add{jars: []string{"a"}, n: 1}); err != nil {
		t.Fatal(err)
	}
	before := f.head(t.Context()).At
	f.clock.Add(-time.Hour)
	r, err := f.writer(f.Provider, 0).Do(t.Context(), f.store, add{key: "k", n: 1})
	if err != nil {
		t.Fatal(err)
	}
	if after := f.head(t.Context()).At; r.Record.At.Before(before) || after.Before(before) {
		t.Fatalf("the head was at %v, the record is of %v, the head at %v", before, r.Record.At, after)
	}
}
