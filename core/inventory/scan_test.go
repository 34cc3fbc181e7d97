package inventory

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
)

const shop = id.Store("shop")

// shelves are the products of a test's scanner: each has its barcode as its name. A look-up takes its time, and may fail.
type shelves struct {
	t       *testing.T
	lookUps [][]string
	takes   time.Duration
	fails   func(codes []string) error // or panics
}

func newShelves(t *testing.T) *shelves { return &shelves{t: t, takes: time.Second} }

func (s *shelves) find(ctx context.Context, _ id.Store, codes []string) (found []Listed, err error) {
	s.lookUps = append(s.lookUps, codes)
	if err := clock.Sleep(ctx, s.takes); err != nil {
		return nil, err
	}
	for _, code := range codes {
		if code != "unknown" {
			found = append(found, coded(s.t, code))
		}
	}
	if s.fails != nil {
		err = s.fails(codes)
	}
	return found, err
}

func panicAt(code string) func(codes []string) error {
	return func(codes []string) error {
		if codes[0] == code {
			panic("a defect")
		}
		return nil
	}
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

// wantIdle holds that no store is served once all look-ups have ended.
func wantIdle(t *testing.T, c *scanner) {
	t.Helper()
	synctest.Wait()
	wantEqual(t, len(c.wait), 0)
}

func TestWhoScansDuringALookUpIsLookedUpWithTheOthersAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelves(t)
		c := newScanner(s.find)
		began := time.Now()
		wantEqual(t, scanning(t.Context(), c, "1001", "1002", "unknown", "1003", "1002")(), []string{"1001", "1002", "", "1003", "1002"})
		wantEqual(t, time.Since(began), 2*time.Second)
		wantEqual(t, scanning(t.Context(), c, "1004")(), []string{"1004"})
		wantEqual(t, s.lookUps, [][]string{{"1001"}, {"1002", "unknown", "1003", "1002"}, {"1004"}})
		wantIdle(t, c)
	})
}

func TestALookUpIsForSoManyAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelves(t)
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
		s := newShelves(t)
		c := newScanner(s.find)
		busy, stop := context.WithCancel(t.Context())
		first := scanning(busy, c, "1001")
		ctx, giveUp := context.WithCancel(t.Context())
		second := scanning(ctx, c, "1002")
		patient := scanning(t.Context(), c, "1003", "1004")
		giveUp()
		wantEqual(t, second(), []string{context.Canceled.Error()})
		stop()
		wantEqual(t, first(), []string{context.Canceled.Error()})
		wantEqual(t, patient(), []string{"1003", "1004"})
		synctest.Wait()
		wantEqual(t, s.lookUps, [][]string{{"1001"}, {"1003", "1004"}})
		wantIdle(t, c)
	})
}

// Nobody is kept beyond its own time, also not by others whose look-up it began or waits for.
func TestNobodyWaitsLongerThanItWants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelves(t)
		c := newScanner(s.find)
		s.takes = time.Hour
		began := time.Now()
		first := scanning(t.Context(), c, "1001")
		ctx, cancel := context.WithTimeout(t.Context(), scanWithin*3/2)
		defer cancel()
		wantEqual(t, scanning(ctx, c, "1002", "1003")(), slices.Repeat([]string{context.DeadlineExceeded.Error()}, 2))
		wantEqual(t, time.Since(began), scanWithin*3/2)
		wantEqual(t, first(), []string{context.DeadlineExceeded.Error()})
		time.Sleep(scanWithin)
		wantIdle(t, c)
		s.takes = time.Second
		wantEqual(t, scanning(t.Context(), c, "1004")(), []string{"1004"})
	})
}

func TestALookUpIsGivenUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelves(t)
		s.takes = time.Hour
		began := time.Now()
		wantEqual(t, scanning(t.Context(), newScanner(s.find), "1001", "1002", "1003")(), slices.Repeat([]string{context.DeadlineExceeded.Error()}, 3))
		wantEqual(t, time.Since(began), 2*scanWithin)
	})
}

func TestWhereTheDatabaseIsAwayAllWhoWaitAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelves(t)
		away := fault.New(fault.Unavailable, "database_unavailable", "no database")
		s.fails = func([]string) error { return away }
		c := newScanner(s.find)
		wantEqual(t, scanning(t.Context(), c, "1001", "1002", "1003")(), slices.Repeat([]string{away.Error()}, 3))
		wantEqual(t, s.lookUps, [][]string{{"1001"}, {"1002", "1003"}})
		s.fails = nil
		wantEqual(t, scanning(t.Context(), c, "1001")(), []string{"1001"})
	})
}

func TestAProductThatCannotBeReadFailsOnlyThoseWhoScanIt(t *testing.T) {
	for how, fail := range map[string]func() error{
		"an error": func() error { return errors.New("damaged") },
		"a panic":  func() error { panic("damaged") },
	} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShelves(t)
				s.takes = time.Millisecond
				s.fails = func(codes []string) error {
					if slices.Contains(codes, "1004") {
						return fail()
					}
					return nil
				}
				c := newScanner(s.find)
				answers := scanning(t.Context(), c, "1001", "1002", "1003", "1004", "1005", "1004", "unknown")()
				for i, said := range answers {
					if strings.Contains(said, "damaged") {
						answers[i] = "damaged"
					}
				}
				wantEqual(t, answers, []string{"1001", "1002", "1003", "damaged", "1005", "damaged", ""})
				wantIdle(t, c)
			})
		})
	}
}

func TestTheLogIsToldWhereALookUpPanicked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelves(t)
		s.fails = panicAt("1002")
		if said := scanning(t.Context(), newScanner(s.find), "1001", "1002")()[1]; !strings.Contains(said, "a defect") || !strings.Contains(said, "scan_test.go") {
			t.Errorf("the log gets %q", said)
		}
	})
}

func TestWhoWaitedForALookUpThatPanicsIsLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelves(t)
		s.fails = panicAt("1001")
		c := newScanner(s.find)
		panicked := make(chan any)
		go func() {
			defer func() { panicked <- recover() }()
			_, _ = c.scan(t.Context(), shop, "1001")
		}()
		synctest.Wait()
		answers := scanning(t.Context(), c, "1002")
		wantEqual(t, <-panicked, "a defect")
		wantEqual(t, answers(), []string{"1002"})
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
	for served := 1; served > 0; runtime.Gosched() { // the last ones gave up
		c.mu.Lock()
		served = len(c.wait)
		c.mu.Unlock()
	}
}
