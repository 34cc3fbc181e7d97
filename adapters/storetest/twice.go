package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"kassa/core/transaction"
)

// twiceRules hold for the writer and for what goes around it: a transaction that meets another is run again.
var twiceRules = []rule{
	{"by the writer", callbacksTwice},
	{"for carts", twice(cartsAreKeptAsParked)},
	{"for versions of carts", twice(cartsOfAnotherVersionAreRefused)},
	{"for the order of carts", twice(cartsAreListedLastChangedFirst)},
	{"for sign-ins", twice(loginSaysWhoAndWhere)},
	{"for refreshes", twice(refreshTokensRotateAndReuseEndsTheSession)},
	{"for refreshes at once", twice(aRefreshTokenUsedTwiceAtOnceEndsTheSession)},
	{"for ends of sessions", twice(whatEndsASessionEndsItAtOnce)},
	{"for images", twice(imagesAreKeptByTheirHash)},
	{"for images at once", twice(imagesAtOnceLoseNone)},
	{"for imports", twice(importKeepsTheOrderOfManyRows)},
	{"for members", twice(vipUpAndDownKeepPointsAndNeedTheMembersToken)},
}

// twice tests the rule on a provider that runs every callback twice.
func twice(test func(t *testing.T, d *database)) func(t *testing.T, d *database) {
	return func(t *testing.T, d *database) {
		again := *d
		again.Provider = Twice{d.Provider}
		test(t, &again)
	}
}

// Twice runs every callback, rolls it back, and runs it again: what a callback does outside the database would show.
type Twice struct{ transaction.Provider }

// errAgain makes the first run roll back.
var errAgain = errors.New("run it again")

// Transact implements transaction.Provider.
func (p Twice) Transact(ctx context.Context, fn func(ctx context.Context) error) error {
	err := p.Provider.Transact(ctx, func(ctx context.Context) error {
		if err := fn(ctx); err != nil {
			return err
		}
		return errAgain
	})
	if !errors.Is(err, errAgain) {
		return err
	}
	return p.Provider.Transact(ctx, fn)
}

// View implements transaction.Provider.
func (p Twice) View(ctx context.Context, fn func(ctx context.Context) error) error {
	if err := p.Provider.View(ctx, fn); err != nil {
		return err
	}
	return p.Provider.View(ctx, fn)
}

func callbacksTwice(t *testing.T, d *database) {
	f := d.fixture(t)
	w := f.writer(Twice{f.Provider}, 0)
	parallel(8, func(i int) string {
		for k := range 10 {
			if _, err := w.Do(t.Context(), f.store, add{key: fmt.Sprint(i, k), jars: []string{"a"}, n: 1}); err != nil {
				t.Error(err)
			}
		}
		return ""
	})
	if n := f.count(t.Context(), "a"); n != 80 {
		t.Fatalf("counted %d of 80", n)
	}
}
