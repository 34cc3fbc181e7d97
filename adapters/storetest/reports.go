package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"kassa/core/cashier"
	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/page"
	"kassa/core/register"
	"kassa/core/report"
	"kassa/core/writer"
)

var reportRules = []rule{
	{"pages are kept, replaced and read in the order of their keys", reportPages},
	{"what a transaction did that failed is gone", reportRollback},
	{"the watermark is moved by one who knows where it is", watermarkRace},
	{"two folders count each record once", twoFolders},
}

func reportPages(t *testing.T, d *database) {
	s := d.shop(t)
	save := func(pages ...report.Page) {
		t.Helper()
		if err := s.Provider.Transact(t.Context(), func(ctx context.Context) error { return s.Reports.Save(ctx, s.id, pages) }); err != nil {
			t.Fatal(err)
		}
	}
	save(report.Page{Key: "b/1", Body: []byte("one")}, report.Page{Key: "a/9", Body: []byte(`{"x":"ü"}`)}, report.Page{Key: "b/2", Body: []byte("two")})
	save(report.Page{Key: "b/1", Body: []byte("other")}, report.Page{Key: "b0", Body: []byte("after")})
	for span, want := range map[[2]report.Key]string{
		{report.First, report.End}: `a/9={"x":"ü"} b/1=other b/2=two b0=after `, {"b/", "b0"}: "b/1=other b/2=two ", {"b/1", "b/2"}: "b/1=other ", {"c", "d"}: "",
	} {
		got := ""
		if err := s.Reports.Range(t.Context(), s.id, span[0], span[1], func(p report.Page) error {
			got += fmt.Sprintf("%s=%s ", p.Key, p.Body)
			return nil
		}); err != nil || got != want {
			t.Errorf("%q holds %q, %v; want %q", span, got, err, want)
		}
	}
	for _, keys := range [][]report.Key{nil, {"nothing"}, {"b/2", "nothing"}} {
		if found := must[[]report.Page](t)(s.Reports.Load(t.Context(), s.id, keys)); len(found) != max(0, len(keys)-1) {
			t.Errorf("%q finds %v", keys, found)
		}
	}
	stop := errors.New("enough")
	if err := s.Reports.Range(t.Context(), s.id, report.First, report.End, func(report.Page) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the reader's error is %v", err)
	}
}

// moved moves the watermark and saves a page in one transaction.
func (s *shop) moved(ctx context.Context, from, to int64, after error) error {
	return s.Provider.Transact(ctx, func(ctx context.Context) error {
		if err := s.Reports.Advance(ctx, s.id, from, to); err != nil {
			return err
		}
		return errors.Join(s.Reports.Save(ctx, s.id, []report.Page{{Key: "a", Body: fmt.Append(nil, to)}}), after)
	})
}

// folded returns the watermark and the page, of one snapshot.
func (s *shop) folded(t testing.TB) (mark int64, body string) {
	t.Helper()
	if err := s.Provider.View(t.Context(), func(ctx context.Context) error {
		var err error
		if mark, err = s.Reports.Watermark(ctx, s.id); err != nil {
			return err
		}
		found, err := s.Reports.Load(ctx, s.id, []report.Key{"a"})
		if body = ""; len(found) > 0 {
			body = string(found[0].Body)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return mark, body
}

func reportRollback(t *testing.T, d *database) {
	s := d.shop(t)
	crash := errors.New("the process ends")
	for _, from := range []int64{0, 5} {
		if mark, body := s.folded(t); mark != from || from > 0 && body != fmt.Sprint(from) {
			t.Errorf("at %d with %q", mark, body)
		}
		if err := s.moved(t.Context(), from, from+5, crash); !errors.Is(err, crash) {
			t.Errorf("got %v", err)
		}
		if mark, _ := s.folded(t); mark != from {
			t.Errorf("moved to %d", mark)
		}
		if err := s.moved(t.Context(), from, from+5, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Reports.Advance(t.Context(), s.id, 10, 11); err == nil {
		t.Error("moved outside of a transaction")
	}
	if err := s.Reports.Save(t.Context(), s.id, []report.Page{{Key: "a"}}); err == nil {
		t.Error("saved outside of a transaction")
	}
}

func watermarkRace(t *testing.T, d *database) {
	s := d.shop(t)
	for round := range int64(20) {
		codes := outcomes(8, func(i int) error {
			err := s.moved(t.Context(), round*10, round*10+10, nil)
			if i%2 == 0 && err == nil {
				err = s.moved(t.Context(), round*10+5, round*10+15, nil) // never was there
				if errors.Is(err, report.ErrStale) {
					err = nil
				}
			}
			return err
		})
		if mark, body := s.folded(t); codes[""] != 1 || codes[report.ErrStale.Error()] != 7 || mark != round*10+10 || body != fmt.Sprint(mark) {
			t.Fatalf("round %d: %v, at %d with %q", round, codes, mark, body)
		}
	}
}

// bill is an operation that books a bill of one line, and nothing else.
type bill struct {
	day   clock.Date
	price money.Amount
}

func (bill) Intent() writer.Intent { return writer.Intent{} }

func (o bill) Apply(*writer.View) (journal.Draft, []writer.Value, error) {
	b := &cashier.Bill{Type: cashier.KindSale, Register: "till", Member: "mia", Day: o.day, OccurredAt: o.day.Start(time.UTC), Currency: "EUR"}
	b.Lines = []cashier.Line{{Number: 1, Item: cashier.Item{ProductID: "tea", Name: "Tea", Unit: measure.Piece, Quantity: measure.One}, Subtotal: o.price, Total: o.price}}
	b.Totals = cashier.Totals{Subtotal: o.price, Total: o.price}
	b.Tenders = []cashier.Tender{{Kind: cashier.Cash, Amount: o.price}}
	return journal.Draft{Day: o.day, Refs: []journal.Ref{cashier.BillsRef}, Doc: b}, nil, nil
}

// process is a process that sells in a shop and reports on it.
type process struct {
	*report.Folder
	*report.Service
	w *writer.Writer
}

// teller is an observer that tells a folder what is committed.
type teller struct {
	watcher
	*report.Folder
}

// Appended implements writer.Observer.
func (o *teller) Appended(a writer.Appended) { o.Folder.Appended(a) }

func (s *shop) process(t testing.TB) process {
	f := report.NewFolder(s.Provider, s.Journal, s.Reports, s.clock)
	w := writer.New(writer.Config{Provider: s.Provider, Journal: s.Journal, Bindings: s.bindings(), Clock: s.clock, IDs: s.ids, Observer: &teller{Folder: f}})
	closeAfter(t, w)
	products := inventory.NewService(w, s.Products, s.Stock, s.Images, s.Journal)
	return process{f, report.NewService(report.Config{Writer: w, Folder: f, Registers: register.NewService(w, s.Registers), Products: products}), w}
}

// twoFolders lets two processes sell, fold and report at the same time, and a third one later that has read nothing yet.
func twoFolders(t *testing.T, d *database) {
	const rounds, perRound = 25, 4
	s := d.shop(t)
	ps := []process{s.process(t), s.process(t)}
	ask := report.Asked{From: 20261101, To: 20261231}
	wantTotal := func(p process, least, most int64) {
		t.Helper()
		got, err := p.Summary(t.Context(), s.id, ask)
		if err != nil || got.Sales < least || got.Sales > most || int64(got.Total) != 7*got.Sales {
			t.Errorf("%d sales of 7 make %d, %v; want %d to %d sales", got.Sales, got.Total, err, least, most)
		}
	}
	for round := range int64(rounds) {
		before := round * perRound
		parallel(6, func(i int) string {
			switch p := ps[i%2]; i / 2 {
			case 0:
				for k := range perRound / 2 {
					must[writer.Result](t)(p.w.Do(t.Context(), s.id, bill{day: clock.Date(20261121).AddDays(10 * (k % 2)), price: 7}))
				}
			case 1:
				must[bool](t)(p.Step(t.Context(), s.id))
			case 2:
				wantTotal(p, before, before+perRound)
			}
			return ""
		})
		s.clock.Add(11 * time.Second)
		for _, p := range ps {
			wantTotal(p, before+perRound, before+perRound)
		}
	}
	ps = append(ps, s.process(t))
	for _, p := range ps {
		wantTotal(p, rounds*perRound, rounds*perRound)
		list := must[report.Products](t)(p.Service.Products(t.Context(), s.id, ask, page.Request{Limit: 1}))
		if list.Items[0].Quantity != rounds*perRound*measure.One || list.Items[0].ID != id.ID("tea") {
			t.Errorf("sold %v", list.Items[0])
		}
	}
	s.proveReports(t, rounds*perRound/2)
}

// proveReports fails unless the pages are what the records make, up to a watermark that is at least so far.
func (s *shop) proveReports(t testing.TB, least int64) {
	t.Helper()
	mark := must[int64](t)(s.Reports.Watermark(t.Context(), s.id))
	p := report.NewProof(mark)
	for _, r := range s.records(t) {
		p.Add(&r)
	}
	read, err := p.Compare(t.Context(), s.id, s.Reports, func(format string, args ...any) { t.Errorf(format, args...) })
	if err != nil || read == 0 || mark < least {
		t.Errorf("%d pages up to %d: %v", read, mark, err)
	}
}
