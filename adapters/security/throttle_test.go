package security

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kassa/core/fault"
)

const (
	anna, ben  = "anna@example.org", "ben@example.org"
	shop, home = "203.0.113.7", "198.51.100.9"
)

func newThrottle() (*Throttle, *testClock) {
	c := newTestClock()
	return NewThrottle(c), c
}

// impatient is the context of who waits for no other attempt.
var impatient = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// guess makes one wrong attempt and returns how long it was told to wait, 0 when it was let through.
func guess(t testing.TB, th *Throttle, account, address string) time.Duration {
	t.Helper()
	if wait := refused(t, th, account, address); wait > 0 {
		return wait
	}
	th.Failed(account, address)
	return 0
}

// refused asks for an attempt and returns how long it has to wait, 0 when it was let through and is pending.
func refused(t testing.TB, th *Throttle, account, address string) time.Duration {
	t.Helper()
	err := th.Allow(impatient, account, address)
	if err == nil {
		return 0
	}
	wantFault(t, err, fault.TooMany, "too_many_attempts")
	e, _ := fault.As(err)
	if e.RetryAfter < time.Second {
		t.Errorf("refused with retry after %v", e.RetryAfter)
	}
	return e.RetryAfter
}

func wantWait(t testing.TB, got, want time.Duration) {
	t.Helper()
	if got != want {
		t.Errorf("has to wait %v, want %v", got, want)
	}
}

func TestFiveAreFreeThenOneSecondDoublesToFifteenMinutes(t *testing.T) {
	th, clk := newThrottle()
	for range 5 {
		wantWait(t, guess(t, th, anna, shop), 0)
	}
	for _, seconds := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900} {
		wait := time.Duration(seconds) * time.Second
		wantWait(t, guess(t, th, anna, shop), wait)
		clk.advance(wait - time.Millisecond)
		wantWait(t, guess(t, th, anna, shop), time.Second) // of which a millisecond is left
		clk.advance(time.Millisecond)
		wantWait(t, guess(t, th, anna, shop), 0)
	}
}

func TestSuccessForgivesThePair(t *testing.T) {
	th, clk := newThrottle()
	for range 5 {
		guess(t, th, anna, shop)
	}
	clk.advance(time.Second)
	wantWait(t, refused(t, th, anna, shop), 0)
	th.Succeeded(anna, shop)
	for range 5 {
		wantWait(t, guess(t, th, anna, shop), 0)
	}
	wantWait(t, guess(t, th, anna, shop), time.Second)
}

func TestNobodyLocksAnAccountFromElsewhere(t *testing.T) {
	th, _ := newThrottle()
	for i := range 1000 {
		guess(t, th, anna, fmt.Sprintf("192.0.%d.%d", 2+i/250, i%250))
		guess(t, th, anna, home)
	}
	wantWait(t, refused(t, th, anna, shop), 0)
}

func TestOneForgetfulCashierLocksNoOther(t *testing.T) {
	th, clk := newThrottle()
	for range 20 {
		guess(t, th, anna, shop)
		clk.advance(time.Second)
	}
	wantWait(t, guess(t, th, ben, shop), 0)
}

func TestAddressAloneHasFiftyFree(t *testing.T) {
	th, clk := newThrottle()
	for i := range 50 {
		wantWait(t, guess(t, th, fmt.Sprint("account-", i), shop), 0)
	}
	wantWait(t, guess(t, th, "account-50", shop), time.Second)
	wantWait(t, guess(t, th, "account-50", home), 0)
	clk.advance(time.Second)
	wantWait(t, guess(t, th, "account-51", shop), 0)
	wantWait(t, guess(t, th, "account-52", shop), 2*time.Second)
}

func TestOwnAccountDoesNotPayForGuessingAtOthers(t *testing.T) {
	th, _ := newThrottle()
	for i := range 50 {
		guess(t, th, fmt.Sprint("account-", i), shop)
		if th.Allow(impatient, ben, shop) == nil {
			th.Succeeded(ben, shop)
		}
	}
	wantWait(t, refused(t, th, "account-50", shop), time.Second)
}

func TestFailuresAreForgivenWithTime(t *testing.T) {
	th, clk := newThrottle()
	for range 5 {
		guess(t, th, anna, shop)
	}
	clk.advance(time.Second + 2*pairRule.forgive) // the wait, then two are forgiven
	wantWait(t, guess(t, th, anna, shop), 0)
	wantWait(t, guess(t, th, anna, shop), 0)
	wantWait(t, guess(t, th, anna, shop), time.Second)

	for i := range 60 {
		guess(t, th, fmt.Sprint("account-", i), home)
	}
	clk.advance(time.Second + 10*addressRule.forgive)
	for i := range 10 {
		wantWait(t, guess(t, th, fmt.Sprint("later-", i), home), 0)
	}
	wantWait(t, guess(t, th, "later-10", home), time.Second)
}

func TestGuessesSentAtOnceDoNotSlipThrough(t *testing.T) {
	th, clk := newThrottle()
	burst := func() (through int) {
		var n atomic.Int32
		start := make(chan struct{})
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				<-start
				if th.Allow(impatient, anna, shop) == nil {
					n.Add(1)
				}
			})
		}
		close(start)
		wg.Wait()
		return int(n.Load())
	}
	if n := burst(); n != 5 {
		t.Fatalf("%d of 100 parallel guesses were let through", n)
	}
	for range 5 {
		th.Failed(anna, shop)
	}
	wantWait(t, refused(t, th, anna, shop), time.Second)
	clk.advance(time.Second)
	if n := burst(); n != 1 {
		t.Fatalf("%d of 100 parallel guesses were let through after the free ones", n)
	}
	th.Failed(anna, shop)
	wantWait(t, refused(t, th, anna, shop), 2*time.Second)
}

// sales.md row 25 throttles failed logins: a whole shop that signs in rightly with one account at once is let in, five at a time.
func TestManyWhoAreRightAtOnceWaitForEachOther(t *testing.T) {
	th, _ := newThrottle()
	var wg sync.WaitGroup
	var refusals, open, most atomic.Int32
	for range 40 {
		wg.Go(func() {
			if th.Allow(t.Context(), anna, shop) != nil {
				refusals.Add(1)
				return
			}
			if n := open.Add(1); n > most.Load() {
				most.Store(n)
			}
			runtime.Gosched()
			open.Add(-1)
			th.Succeeded(anna, shop)
		})
	}
	wg.Wait()
	if refusals.Load() != 0 || most.Load() > 5 {
		t.Errorf("%d of 40 were refused, and %d at once were let through", refusals.Load(), most.Load())
	}
}

func TestWhoWaitsForAttemptsThatFailIsRefused(t *testing.T) {
	th, _ := newThrottle()
	for range 5 {
		wantWait(t, refused(t, th, anna, shop), 0)
	}
	waiting := make(chan error)
	go func() { waiting <- th.Allow(t.Context(), anna, shop) }()
	for range 5 {
		th.Failed(anna, shop)
	}
	wantFault(t, <-waiting, fault.TooMany, "too_many_attempts")
}

func TestAttemptEndsInOneOfFourWays(t *testing.T) {
	rows := map[string]struct {
		end  func(*Throttle, *testClock)
		want time.Duration // of the attempt after five that ended so
	}{
		"failed":    {func(th *Throttle, _ *testClock) { th.Failed(anna, shop) }, time.Second},
		"succeeded": {func(th *Throttle, _ *testClock) { th.Succeeded(anna, shop) }, 0},
		"abandoned": {func(th *Throttle, _ *testClock) { th.Abandoned(anna, shop) }, 0},
		"pending":   {func(*Throttle, *testClock) {}, time.Second},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			th, clk := newThrottle()
			for range 5 {
				wantWait(t, refused(t, th, anna, shop), 0)
				row.end(th, clk)
			}
			wantWait(t, refused(t, th, anna, shop), row.want)
		})
	}
}

func TestAttemptWithoutOutcomeHasFailedAfterThirtySeconds(t *testing.T) {
	th, clk := newThrottle()
	for range 5 {
		wantWait(t, refused(t, th, anna, shop), 0)
	}
	clk.advance(outcomeWithin - time.Millisecond)
	wantWait(t, refused(t, th, anna, shop), time.Second)
	clk.advance(time.Millisecond)
	wantWait(t, guess(t, th, anna, shop), 0) // the sixth failure
	wantWait(t, refused(t, th, anna, shop), 2*time.Second)
}

func TestRefusedAttemptReservesNothing(t *testing.T) {
	th, clk := newThrottle()
	for range 5 {
		guess(t, th, anna, shop)
	}
	for range 1000 {
		wantWait(t, refused(t, th, anna, shop), time.Second)
	}
	wantWait(t, guess(t, th, ben, shop), 0) // the address was not charged
	clk.advance(time.Second)
	wantWait(t, refused(t, th, anna, shop), 0)
}

func TestSpellingsOfOneAccountAndAddressAreOne(t *testing.T) {
	rows := []struct {
		name           string
		account, other string
		address, next  string
		same           bool
	}{
		{"case", anna, "ANNA@Example.org", shop, shop, true},
		{"another account", anna, ben, shop, shop, false},
		{"IPv4 in IPv6", anna, anna, shop, "::ffff:" + shop, true},
		{"another IPv4", anna, anna, shop, "203.0.113.8", false},
		{"one /64", anna, anna, "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
		{"a zone", anna, anna, "fe80::1%eth0", "fe80::2", true},
		{"another /64", anna, anna, "2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"no address at all", anna, anna, "", "", true},
		{"parts that read alike", "a", "ab", "b1", "1", false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			th, _ := newThrottle()
			for range 5 {
				guess(t, th, row.account, row.address)
			}
			want := time.Duration(0)
			if row.same {
				want = time.Second
			}
			wantWait(t, guess(t, th, row.other, row.next), want)
		})
	}
}

func TestThrottleIsBounded(t *testing.T) {
	th, _ := newThrottle()
	long := strings.Repeat("x", 1000)
	for i := range 5 * throttleLimit {
		address := fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
		_ = th.Allow(impatient, long, address)
		th.Failed(long, address)
	}
	if p, a := th.pairs.size(), th.addresses.size(); p > 2*throttleLimit || a > 2*throttleLimit {
		t.Errorf("%d pairs and %d addresses are remembered", p, a)
	}
}

func TestSuccessLeavesNothingBehind(t *testing.T) {
	th, _ := newThrottle()
	for i := range 100 {
		account := fmt.Sprint("account-", i)
		wantWait(t, refused(t, th, account, shop), 0)
		th.Succeeded(account, shop)
	}
	if p, a := th.pairs.size(), th.addresses.size(); p != 0 || a != 0 {
		t.Errorf("%d pairs and %d addresses are remembered", p, a)
	}
}

func BenchmarkThrottle(b *testing.B) {
	th, _ := newThrottle()
	for b.Loop() {
		if err := th.Allow(impatient, anna, shop); err != nil {
			b.Fatal(err)
		}
		th.Succeeded(anna, shop)
	}
}
