package inventory

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"kassa/core/id"
)

const shop = id.Store("shop")

// shelves are the products of a test's scanner: each has its barcode as its name. A look-up takes a second, and ends with fails.
type shelves struct {
	t       *testing.T
	lookUps [][]string
	fails   error
}

func (s *shelves) find(_ context.Context, _ id.Store, codes []string) (found []Listed, err error) {
	s.lookUps = append(s.lookUps, codes)
	time.Sleep(time.Second)
	for _, code := range codes {
		if code != "unknown" {
			found = append(found, coded(s.t, code))
		}
	}
	return found, s.fails
}

func coded(t *testing.T, code string) Listed {
	p, err := NewProduct(id.ID("of "+code), Details{Name: code, Barcodes: []string{code}})
	if err != nil {
		t.Error(err)
	}
	return Listed{Product: p}
}

// scanning scans each barcode at once, in this order, and returns how to wait for what was answered: names, nothing, or an error.
func scanning(ctx context.Context, c *scanner, codes ...string) (answers func() []string) {
	said := make([]string, len(codes))
	var wg sync.WaitGroup
	for i, code := range codes {
		wg.Go(func() {
			switch found, err := c.scan(ctx, shop, code); {
			case err != nil:
				said[i] = err.Error()
			case len(found) > 0:
				said[i] = found[0].Product.Name()
			}
		})
		synctest.Wait()
	}
	return func() []string { wg.Wait(); return said }
}

func wantEqual[T any](t *testing.T, got, want T) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestWhoScansDuringALookUpIsLookedUpWithTheOthersAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelves{t: t}
		c := newScanner(s.find)
		began := time.Now()
		wantEqual(t, scanning(t.Context(), c, "1001", "1002", "unknown", "1003", "1002")(), []string{"1001", "1002", "", "1003", "1002"})
		wantEqual(t, time.Since(began), 2*time.Second)
		wantEqual(t, scanning(t.Context(), c, "1004")(), []string{"1004"})
		wantEqual(t, s.lookUps, [][]string{{"1001"}, {"1002", "unknown", "1003", "1002"}, {"1004"}})
		wantEqual(t, len(c.wait), 0)
	})
}

func TestALookUpIsForSoManyAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelves{t: t}
		codes := make([]string, 2+scansAtOnce)
		for i := range codes {
			codes[i] = fmt.Sprint(1000 + i)
		}
		wantEqual(t, scanning(t.Context(), newScanner(s.find), codes...)(), codes)
		wantEqual(t, s.lookUps, [][]string{codes[:1], codes[1 : 1+scansAtOnce], codes[1+scansAtOnce:]})
	})
}

func TestWhoGivesUpKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelves{t: t}
		c := newScanner(s.find)
		ctx, giveUp := context.WithCancel(t.Context())
		first := scanning(ctx, c, "1001")
		impatient := scanning(ctx, c, "1002")
		patient := scanning(t.Context(), c, "1003")
		giveUp()
		wantEqual(t, impatient(), []string{context.Canceled.Error()})
		wantEqual(t, first(), []string{"1001"}) // others wait for it
		wantEqual(t, patient(), []string{"1003"})
		wantEqual(t, s.lookUps, [][]string{{"1001"}, {"1003"}})

		ctx, giveUp = context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer giveUp()
		first, impatient = scanning(t.Context(), c, "1004"), scanning(ctx, c, "1005", "1006")
		wantEqual(t, impatient(), []string{"1005", context.DeadlineExceeded.Error()}) // the first of them looks up for both
		wantEqual(t, first(), []string{"1004"})
		wantEqual(t, len(c.wait), 0)
	})
}

func TestTheTurnOfWhoGivesUpJustThenGoesToTheNext(t *testing.T) {
	c := newScanner(nil)
	gone, next := &scan{leads: make(chan struct{}, 1)}, &scan{leads: make(chan struct{}, 1)}
	c.wait[shop] = []*scan{gone, next}
	c.handOn(shop)
	c.leave(shop, gone)
	if len(next.leads) != 1 {
		t.Error("nobody looks up")
	}
	<-next.leads
	c.handOn(shop)
	c.leave(shop, gone)
	wantEqual(t, len(c.wait), 0)
}

func TestALookUpThatFailsFailsForAllWhomItWasFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelves{t: t, fails: errors.New("no database")}
		c := newScanner(s.find)
		wantEqual(t, scanning(t.Context(), c, "1001", "1002", "1003")(), slices.Repeat([]string{"no database"}, 3))
		s.fails = nil
		wantEqual(t, scanning(t.Context(), c, "1001")(), []string{"1001"})
	})
}

func TestALookUpThatPanicsKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelves{t: t}
		panics := true
		c := newScanner(func(ctx context.Context, st id.Store, codes []string) ([]Listed, error) {
			found, err := s.find(ctx, st, codes)
			if len(codes) > 1 && panics {
				panics = false
				panic("a defect")
			}
			return found, err
		})
		first := scanning(t.Context(), c, "1001")
		broken := make(chan any)
		go func() {
			defer func() { broken <- recover() }()
			_, _ = c.scan(t.Context(), shop, "1002")
		}()
		synctest.Wait()
		others := scanning(t.Context(), c, "1003")
		wantEqual(t, first(), []string{"1001"})
		wantEqual(t, <-broken, "a defect")
		wantEqual(t, others(), []string{errScanFailed.Error()})
		wantEqual(t, scanning(t.Context(), c, "1003")(), []string{"1003"})
	})
}

// Many scan and give up at random, in two stores: every answer is the one that was asked for, and never older than the question.
func TestManyScansAreEachAnsweredRight(t *testing.T) {
	var edits atomic.Int64 // the product's stock, as the look-up sees it
	c := newScanner(func(_ context.Context, st id.Store, codes []string) (found []Listed, err error) {
		now := edits.Load()
		time.Sleep(time.Duration(rand.N(200)) * time.Microsecond)
		for _, code := range codes {
			l := coded(t, code)
			l.Product.d.SKU = string(st) + fmt.Sprint(now)
			found = append(found, l)
		}
		return found, nil
	})
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			for range 300 {
				st, code := id.Store(fmt.Sprint("shop", n%2, "/")), fmt.Sprint(1000+rand.N(8))
				before := edits.Add(1)
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.N(400))*time.Microsecond)
				found, err := c.scan(ctx, st, code)
				cancel()
				if errors.Is(err, context.DeadlineExceeded) {
					continue
				}
				if err != nil || len(found) != 1 || found[0].Product.Name() != code {
					t.Errorf("%s found %v, %v", code, found, err)
					return
				}
				var seen int64
				if _, err := fmt.Sscanf(found[0].Product.d.SKU, string(st)+"%d", &seen); err != nil || seen < before {
					t.Errorf("asked after edit %d, it was answered %q", before, found[0].Product.d.SKU)
				}
			}
		})
	}
	wg.Wait()
	wantEqual(t, len(c.wait), 0)
}
