package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/page"
	"kassa/core/writer"
)

var searchRules = []rule{
	{"a scan begins behind a place", scanBeginsBehindAPlace},
	{"what is scarce is found among some and among all", whatIsScarceIsFoundAmongSomeAndAmongAll},
	{"what another process did is found at once", whatAnotherProcessDidIsFoundAtOnce},
	{"a page is read again where an edit changed it", pageIsReadAgainWhereAnEditChangedIt},
	{"what does not fit into memory is listed all the same", whatDoesNotFitIntoMemoryIsListedAllTheSame},
	{"where very many are out the others are asked", whereVeryManyAreOutTheOthersAreAsked},
	{"a search that others overtake sees one moment", searchThatOthersOvertakeSeesOneMoment},
	{"a barcode goes with other filters", barcodeGoesWithOtherFilters},
	{"barcodes find their products once", barcodesFindTheirProductsOnce},
	{"a barcode is as scarce as the list says", barcodeIsAsScarceAsTheListSays},
	{"a scan that others overtake sees one moment", scanThatOthersOvertakeSeesOneMoment},
	{"what has no product is not asked for its stock", whatHasNoProductIsNotAskedForItsStock},
	{"searches during edits and sales are neither torn nor stale", searchesDuringEditsAndSalesAreNeitherTornNorStale},
}

func scanBeginsBehindAPlace(t *testing.T, d *database) {
	s := d.stockroom(t)
	for _, name := range []string{"b", "A", "c"} {
		s.add(t, inventory.Details{Name: name, SKU: "sku " + name, Category: "Obst"}, 0)
	}
	gone := s.add(t, inventory.Details{Name: "b", Barcodes: []string{"1234"}}, 0)
	if err := s.Delete(t.Context(), s.id, inventory.Delete{ID: gone, Version: 1}); err != nil {
		t.Fatal(err)
	}
	var all []inventory.Entry
	scan := func(behind inventory.Place) (texts []string) {
		all = nil
		err := s.Products.Scan(t.Context(), s.id, behind, func(e inventory.Entry) error {
			all, texts = append(all, e), append(texts, e.Key+"/"+e.Text+"/"+e.Category)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return texts
	}
	want := []string{"a/a\nsku a/obst", "b/b\nsku b/obst", "c/c\nsku c/obst"}
	if got := scan(inventory.Place{}); !slices.Equal(got, want) {
		t.Fatalf("it gives %q", got)
	}
	for i, e := range slices.Clone(all) {
		if got := scan(e.Place); !slices.Equal(got, want[i+1:]) {
			t.Errorf("behind %q it gives %q", e.Key, got)
		}
	}
	if got := scan(inventory.Place{Key: "b"}); !slices.Equal(got, want[1:]) {
		t.Errorf("behind b and no id it gives %q", got)
	}
	n := 0
	err := s.Products.Scan(t.Context(), s.id, inventory.Place{}, func(inventory.Entry) error { n++; return errStop })
	if err == nil || n != 1 {
		t.Errorf("after an error it went on to %d: %v", n, err)
	}
}

func whatIsScarceIsFoundAmongSomeAndAmongAll(t *testing.T, d *database) {
	s := d.stockroom(t)
	two := 2 * measure.One
	by := map[string]id.ID{}
	for name, stock := range map[string]int64{"out": 0, "gone": 0, "low": 2, "enough": 3} {
		by[name] = s.add(t, inventory.Details{Name: name, LowStockAt: &two}, stock)
	}
	by["never low"] = s.add(t, inventory.Details{Name: "never low"}, 1)
	for _, tt := range []struct {
		filter inventory.StockFilter
		of     []string
		want   []string
	}{
		{inventory.OutOfStock, nil, []string{"gone", "out"}},
		{inventory.LowStock, nil, []string{"low"}},
		{inventory.OutOfStock, []string{"out", "low", "enough"}, []string{"out"}},
		{inventory.LowStock, []string{"out", "low", "enough", "never low"}, []string{"low"}},
		{inventory.LowStock, []string{"out"}, nil},
	} {
		var of []id.ID
		for _, name := range tt.of {
			of = append(of, by[name])
		}
		var got []string
		for _, i := range must[[]id.ID](t)(s.Stock.Scarce(t.Context(), s.id, tt.filter, of, 10)) {
			got = append(got, s.get(t, i).Product.Name())
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s of %q: %q, want %q", tt.filter, tt.of, got, tt.want)
		}
	}
	if got := must[[]id.ID](t)(s.Stock.Scarce(t.Context(), s.id, inventory.OutOfStock, nil, 1)); len(got) != 1 {
		t.Errorf("a limit of 1 gives %d", len(got))
	}
	if _, err := s.Stock.Scarce(t.Context(), s.id, "", nil, 1); err == nil {
		t.Error("no filter is taken for one")
	}
}

// beside returns the same stockroom in another process: with a writer and a catalogue of its own.
func (s *stockroom) beside(t testing.TB) *stockroom {
	o := newShop(t, s.Backend)
	o.id = s.id
	o.ids.n.Add(1_000_000) // its ids are other ones
	return &stockroom{o, inventory.NewService(o.w, s.Products, s.Stock, s.Images, s.Journal)}
}

func whatAnotherProcessDidIsFoundAtOnce(t *testing.T, d *database) {
	here := d.stockroom(t)
	there := here.beside(t)
	i := here.add(t, inventory.Details{Name: "Tea 0", Category: "c0"}, 2)
	for n := range int64(20) {
		writes, reads := here, there
		if n%2 == 0 {
			writes, reads = there, here
		}
		name := fmt.Sprint("Tea ", n+1)
		if err := writes.edit(i, n+1, func(d *inventory.Details) { d.Name, d.Category = name, fmt.Sprint("c", n+1) }); err != nil {
			t.Fatal(err)
		}
		for _, f := range []inventory.Filter{{}, {Query: strings.ToLower(name)}, {Category: fmt.Sprint("c", n+1)}} {
			if got := reads.names(t, f); !slices.Equal(got, []string{name}) {
				t.Fatalf("after edit %d the other process finds %q by %+v", n+1, got, f)
			}
		}
		if got := reads.names(t, inventory.Filter{Category: fmt.Sprint("c", n)}); got != nil {
			t.Fatalf("after edit %d the other process still finds %q", n+1, got)
		}
	}
	if err := there.Delete(t.Context(), there.id, inventory.Delete{ID: i, Version: 21}); err != nil {
		t.Fatal(err)
	}
	if got := here.names(t, inventory.Filter{}); got != nil {
		t.Errorf("%q is deleted and listed", got)
	}
}

// readProducts notes which products are read.
type readProducts struct {
	inventory.Repository
	refs []journal.Ref
}

func (r *readProducts) Load(ctx context.Context, s id.Store, refs []journal.Ref) ([]writer.Value, error) {
	r.refs = append(r.refs, refs...)
	return r.Repository.Load(ctx, s, refs)
}

func pageIsReadAgainWhereAnEditChangedIt(t *testing.T, d *database) {
	s := d.stockroom(t)
	tea := s.add(t, inventory.Details{Name: "Tea"}, 0)
	cake := s.add(t, inventory.Details{Name: "Cake"}, 0)
	r := &readProducts{Repository: s.Products}
	s.Service = inventory.NewService(s.w, r, s.Stock, s.Images, s.Journal)
	wantRead := func(what string, names []string, want ...journal.Ref) {
		t.Helper()
		r.refs = nil
		if got := s.names(t, inventory.Filter{}); !slices.Equal(got, names) || !slices.Equal(r.refs, want) {
			t.Errorf("%s: %q are listed, and %q read; want %q and %q", what, got, r.refs, names, want)
		}
	}
	wantRead("first", []string{"Cake", "Tea"}, inventory.ProductRef(cake), inventory.ProductRef(tea))
	wantRead("again", []string{"Cake", "Tea"})
	for n, name := range []string{"Green tea", "Tea"} {
		if err := s.edit(tea, int64(n+1), func(d *inventory.Details) { d.Name = name }); err != nil {
			t.Fatal(err)
		}
		wantRead("after an edit", []string{"Cake", name}, inventory.ProductRef(tea))
	}
	if err := s.Delete(t.Context(), s.id, inventory.Delete{ID: cake, Version: 1}); err != nil {
		t.Fatal(err)
	}
	wantRead("after a deletion", []string{"Tea"})
}

// meanwhile is what happens once, while a test is under way.
type meanwhile struct{ then func() }

func (m *meanwhile) happen() {
	if then := m.then; then != nil {
		m.then = nil
		then()
	}
}

// overtaken is overtaken right after the newest edit was read.
type overtaken struct {
	journal.Repository
	meanwhile
}

func (o *overtaken) List(ctx context.Context, s id.Store, ref journal.Ref, g journal.Range) ([]journal.Record, error) {
	rs, err := o.Repository.List(ctx, s, ref, g)
	if ref == inventory.EditsRef {
		o.happen()
	}
	return rs, err
}

func searchThatOthersOvertakeSeesOneMoment(t *testing.T, d *database) {
	s := d.stockroom(t)
	o := &overtaken{Repository: s.Journal}
	s.Service = inventory.NewService(s.w, s.Products, s.Stock, s.Images, o)
	i := s.add(t, inventory.Details{Name: "Tea"}, 0)
	for n, f := range []inventory.Filter{{Query: "tea"}, {Query: "coffee"}} {
		s.names(t, inventory.Filter{}) // it is in memory
		o.then = func() {
			if err := s.edit(i, int64(2*n+1), func(d *inventory.Details) { d.Name = "Coffee" }); err != nil {
				t.Error(err)
			}
			if got := s.names(t, inventory.Filter{Query: "coffee"}); len(got) != 1 {
				t.Errorf("who came later finds %q", got)
			}
		}
		want := []string{"Tea", ""}[n]
		if got := strings.Join(s.names(t, f), "|"); got != want {
			t.Errorf("who was overtaken finds %q by %q, want %q", got, f.Query, want)
		}
		if err := s.edit(i, int64(2*n+2), func(d *inventory.Details) { d.Name = "Tea" }); err != nil {
			t.Fatal(err)
		}
	}
}

func whatDoesNotFitIntoMemoryIsListedAllTheSame(t *testing.T, d *database) {
	s := d.stockroom(t)
	little := &stockroom{s.shop, inventory.NewService(s.w, s.Products, s.Stock, s.Images, s.Journal).Keep(100)}
	two := 2 * measure.One
	for n := range int64(12) {
		s.add(t, inventory.Details{Name: fmt.Sprint([]string{"Tea ", "Cake "}[n%2], n*7%12), Category: []string{"a", "b", "c"}[n%3], LowStockAt: &two}, n%4)
	}
	for range 2 {
		for _, f := range []inventory.Filter{
			{},
			{Query: "ea"},
			{Category: "b"},
			{Query: "ake", Category: "c"},
			{Stock: inventory.OutOfStock},
			{Stock: inventory.LowStock, Query: "tea"},
			{Query: "nothing"},
		} {
			if got, want := little.names(t, f), s.names(t, f); !slices.Equal(got, want) {
				t.Errorf("%+v lists %q, want %q", f, got, want)
			}
		}
		s.add(t, inventory.Details{Name: "Tea at the end", Category: "b"}, 0)
	}
}

// Where more are out than are kept apart, what a search finds is asked for its stock.
func whereVeryManyAreOutTheOthersAreAsked(t *testing.T, d *database) {
	s := d.stockroom(t)
	const out = 5100
	low := measure.One
	save := func(from, to int, name string, of measure.Quantity) {
		for n := from; n < to; n += batch {
			var products, stock []writer.Change
			for i := n; i < n+batch; i++ {
				p := must[*inventory.Product](t)(inventory.NewProduct(id.ID(fmt.Sprint("p", i)), inventory.Details{Name: fmt.Sprintf(name, i), LowStockAt: &low}))
				products = append(products, writer.Change{After: p})
				stock = append(stock, writer.Change{After: must[*inventory.Stock](t)(inventory.NewStock(p.ID(), of))})
			}
			s.keep(t, products, stock)
		}
	}
	save(0, out, "Out %05d", 0)
	save(out, out+1000, "A lot %05d", measure.Max)
	for _, tt := range []struct {
		filter inventory.Filter
		limit  int
		want   string
	}{
		{inventory.Filter{Stock: inventory.OutOfStock}, 3, "Out 00000|Out 00001|Out 00002"},
		{inventory.Filter{Stock: inventory.OutOfStock, Query: "509"}, 20, "Out 00509|Out 01509|Out 02509|Out 03509|Out 04509|Out 05090|Out 05091|Out 05092|Out 05093|Out 05094|Out 05095|Out 05096|Out 05097|Out 05098|Out 05099"},
		{inventory.Filter{Stock: inventory.OutOfStock, Query: "a lot"}, 3, ""},
		{inventory.Filter{Stock: inventory.LowStock}, 3, ""},
	} {
		var got []string
		for _, l := range must[page.List[inventory.Listed]](t)(s.List(t.Context(), s.id, tt.filter, page.Request{Limit: tt.limit})).Items {
			got = append(got, l.Product.Name())
		}
		if strings.Join(got, "|") != tt.want {
			t.Errorf("%+v lists %q, want %q", tt.filter, got, tt.want)
		}
	}
}

// marked is a product whose every text says its revision, so that a torn one shows.
func marked(revision int64) inventory.Details {
	r := fmt.Sprintf("r%05d", revision)
	return inventory.Details{Name: r + " tea", SKU: "sku " + r, Category: r, Barcodes: []string{fmt.Sprintf("9%05d", revision)}}
}

// Two processes edit and sell; others search. What an edit has answered is found from then on, with all of its texts from one revision, and
// what was sold out is out.
func searchesDuringEditsAndSalesAreNeitherTornNorStale(t *testing.T, d *database) {
	here := d.stockroom(t)
	there := here.beside(t)
	for n := range 70 { // more than one block of the list
		here.add(t, inventory.Details{Name: fmt.Sprintf("r%05d filler", n*10), Category: "filler"}, 1)
	}
	i := here.add(t, marked(0), 0)
	sells := here.add(t, inventory.Details{Name: "popular", Category: "filler"}, 0)
	const edits = 80
	var answered, ended atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		defer ended.Store(1)
		for n := range int64(edits) {
			s := []*stockroom{here, there}[n%2]
			if err := s.edit(i, n+1, func(d *inventory.Details) { *d = marked(n + 1) }); err != nil {
				t.Error(err)
				return
			}
			answered.Store(n + 1)
		}
	})
	wg.Go(func() {
		for n := 0; ended.Load() == 0; n++ {
			checkSoldOut(t, here, there, sells, fmt.Sprint("key", n))
		}
	})
	for _, s := range []*stockroom{here, there} {
		wg.Go(func() {
			for ended.Load() == 0 {
				checkRevision(t, s, i, &answered)
			}
		})
	}
	wg.Wait()
	here.verify(t)
}

// checkSoldOut receives a piece, sells it, and wants it out at both processes.
func checkSoldOut(t *testing.T, here, there *stockroom, i id.ID, key string) {
	if err := here.book(key, i, inventory.Receive, 1); err != nil {
		t.Error(err)
		return
	}
	if _, err := there.w.Do(context.Background(), there.id, sale{i}); err != nil {
		t.Error(err)
		return
	}
	for _, s := range []*stockroom{here, there} {
		l, err := s.List(context.Background(), s.id, inventory.Filter{Stock: inventory.OutOfStock, Query: "popular"}, page.Request{Limit: 10})
		if err != nil || len(l.Items) != 1 || l.Items[0].OnHand != 0 {
			t.Errorf("what was sold out is not out: %v, %v", l.Items, err)
		}
	}
}

// checkRevision wants every list to hold the product once, whole, where it belongs, and at least in the revision that was answered before.
func checkRevision(t *testing.T, s *stockroom, i id.ID, answered *atomic.Int64) {
	before := answered.Load()
	for _, f := range []inventory.Filter{{}, {Query: "tea"}, {Query: "sku r"}, {Category: marked(before).Category}, {Query: marked(before).SKU}, {Barcode: marked(before).Barcodes[0]}} {
		l, err := s.List(context.Background(), s.id, f, page.Request{Limit: page.MaxLimit})
		if err != nil {
			t.Error(err)
			return
		}
		place := func(l inventory.Listed) inventory.Place { return inventory.EntryOf(l.Product).Place }
		if !slices.IsSortedFunc(l.Items, func(a, b inventory.Listed) int { return place(a).Compare(place(b)) }) {
			t.Errorf("%+v is out of order", f)
		}
		at := slices.IndexFunc(l.Items, func(l inventory.Listed) bool { return l.Product.ID() == i })
		if at < 0 {
			if f.Category == "" && f.Barcode == "" && f.Query != marked(before).SKU { // by these it is found until the next edit only
				t.Errorf("%+v does not find the product", f)
			}
			continue
		}
		p := l.Items[at].Product
		got := p.Details()
		want := marked(p.Version() - 1)
		if texts(got) != texts(must[*inventory.Product](t)(inventory.NewProduct(i, want)).Details()) {
			t.Errorf("torn: %+v in version %d", got, p.Version())
		}
		if f.Category != "" && got.Category != f.Category || !strings.Contains(p.SearchText(), f.Query) {
			t.Errorf("%+v lists %+v", f, got)
		}
		if p.Version()-1 < before {
			t.Errorf("stale: version %d after edit %d was answered", p.Version(), before)
		}
	}
}
