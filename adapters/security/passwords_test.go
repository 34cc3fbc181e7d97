package security

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"

	"kassa/core/fault"
)

func newPasswords(t testing.TB, cost int) *Passwords {
	t.Helper()
	p, err := NewPasswords(cost)
	must(t, err)
	return p
}

func TestMatchesItsOwnSecretOnly(t *testing.T) {
	p := newPasswords(t, bcrypt.MinCost)
	long := strings.Repeat("x", 72)
	rows := []struct {
		name, secret, tried string
		want                bool
	}{
		{"the same", "correct horse", "correct horse", true},
		{"a PIN", "123456", "123456", true},
		{"another PIN", "123456", "123457", false},
		{"another case", "correct horse", "Correct horse", false},
		{"nothing", "correct horse", "", false},
		{"72 bytes", long, long, true},
		{"71 of 72 bytes", long, long[1:], false},
		{"73 bytes of which 72 are right", long, long + "x", false},
		{"a megabyte", long, strings.Repeat("x", 1<<20), false},
		{"24 characters of three bytes", strings.Repeat("€", 24), strings.Repeat("€", 24), true},
		{"repeated after a NUL, which bcrypt takes for the same", "password", "password\x00password", false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			hash, err := p.Hash(t.Context(), row.secret)
			must(t, err)
			got, err := p.Matches(t.Context(), hash, row.tried)
			must(t, err)
			if got != row.want {
				t.Errorf("Matches = %v", got)
			}
		})
	}
}

func TestHashRefusesWhatBcryptWouldCut(t *testing.T) {
	p := newPasswords(t, bcrypt.MinCost)
	for _, secret := range []string{"", strings.Repeat("x", 73), "pass\x00word"} {
		_, err := p.Hash(t.Context(), secret)
		wantFault(t, err, fault.Invalid, "secret_invalid")
	}
}

func TestHashUsesTheCostAndASaltOfItsOwn(t *testing.T) {
	p := newPasswords(t, bcrypt.MinCost+1)
	a, err := p.Hash(t.Context(), "password")
	must(t, err)
	b, err := p.Hash(t.Context(), "password")
	must(t, err)
	if cost, err := bcrypt.Cost([]byte(a)); err != nil || cost != bcrypt.MinCost+1 {
		t.Errorf("cost %d, %v", cost, err)
	}
	if a == b {
		t.Error("two hashes of one password are equal")
	}
	for _, cost := range []int{0, 3, 32} {
		_, err := NewPasswords(cost)
		wantFault(t, err, fault.Internal, "bcrypt_cost_invalid")
	}
}

func TestDummyIsARealHashOfTheSameCost(t *testing.T) {
	for _, cost := range []int{bcrypt.MinCost, DefaultCost} {
		if got, err := bcrypt.Cost([]byte(newPasswords(t, cost).dummy)); err != nil || got != cost {
			t.Errorf("cost %d, %v", got, err)
		}
	}
	dummy := newPasswords(t, bcrypt.MinCost).dummy
	if err := bcrypt.CompareHashAndPassword([]byte(dummy), []byte("dummy")); !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		t.Errorf("comparing with it gave %v, so it did not compute", err)
	}
}

func TestUnknownAccountNeverMatchesWhateverTheDummyIsOf(t *testing.T) {
	p := newPasswords(t, bcrypt.MinCost)
	hash, err := p.Hash(t.Context(), "dummy")
	must(t, err)
	p.dummy = hash
	for _, secret := range []string{"dummy", "dummy\x00", strings.Repeat("x", 73)} {
		if ok, err := p.Matches(t.Context(), "", secret); ok || err != nil {
			t.Errorf("Matches = %v, %v", ok, err)
		}
	}
}

// A wrong password takes milliseconds at this cost and an early return nanoseconds, so a quarter tells them apart on a busy machine.
func TestUnknownAccountAndLongSecretTakeAsLongAsAWrongPassword(t *testing.T) {
	p := newPasswords(t, 6)
	hash, err := p.Hash(t.Context(), "password")
	must(t, err)
	fastest := func(hash, secret string) time.Duration {
		best := time.Hour
		for range 3 {
			start := time.Now()
			ok, err := p.Matches(t.Context(), hash, secret)
			best = min(best, time.Since(start))
			if ok || err != nil {
				t.Fatalf("Matches = %v, %v", ok, err)
			}
		}
		return best
	}
	wrong := fastest(hash, "wrong password")
	for name, got := range map[string]time.Duration{
		"unknown account":          fastest("", "wrong password"),
		"unknown, dummy's secret":  fastest("", "dummy"),
		"secret of 73 bytes":       fastest(hash, strings.Repeat("x", 73)),
		"secret with a NUL":        fastest(hash, "pass\x00word"),
		"unknown with long secret": fastest("", strings.Repeat("x", 1000)),
	} {
		if got < wrong/4 {
			t.Errorf("%s took %v, a wrong password %v", name, got, wrong)
		}
	}
}

func TestCorruptHashIsReported(t *testing.T) {
	p := newPasswords(t, bcrypt.MinCost)
	_, err := p.Matches(t.Context(), "$2a$not a hash", "password")
	wantFault(t, err, fault.Internal, "hash_corrupt")
}

func TestNeverMoreThanHalfTheProcessors(t *testing.T) {
	for _, row := range []struct{ processors, want int }{{1, 1}, {2, 1}, {3, 1}, {4, 2}, {8, 4}} {
		old := runtime.GOMAXPROCS(row.processors)
		p := newPasswords(t, bcrypt.MinCost)
		runtime.GOMAXPROCS(old)
		if cap(p.slots) != row.want {
			t.Errorf("%d of %d processors", cap(p.slots), row.processors)
		}
	}
}

// occupy takes every slot until the returned function is called.
func occupy(t *testing.T, p *Passwords) (release func()) {
	t.Helper()
	var all []func()
	for range cap(p.slots) {
		release, err := p.acquire(t.Context())
		must(t, err)
		all = append(all, release)
	}
	return func() {
		for _, release := range all {
			release()
		}
	}
}

func TestWaitsTwoSecondsForASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPasswords(t, bcrypt.MinCost)
		release := occupy(t, p)
		start := time.Now()
		_, err := p.Matches(t.Context(), "", "password")
		wantFault(t, err, fault.Unavailable, "busy")
		if e, ok := fault.As(err); !ok || e.RetryAfter != time.Second {
			t.Errorf("retry after %v", e.RetryAfter)
		}
		if waited := time.Since(start); waited != maxWait {
			t.Errorf("waited %v", waited)
		}
		time.AfterFunc(time.Second, release)
		if _, err := p.Hash(t.Context(), "password"); err != nil {
			t.Errorf("a slot that came free within two seconds: %v", err)
		}
		if len(p.queue) != 0 || len(p.slots) != 0 {
			t.Errorf("%d in the queue, %d slots taken after all have ended", len(p.queue), len(p.slots))
		}
	})
}

func TestFullQueueRefusesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPasswords(t, bcrypt.MinCost)
		release := occupy(t, p)
		var served atomic.Int32
		var wg sync.WaitGroup
		waiting := cap(p.queue) - cap(p.slots)
		for range waiting {
			wg.Go(func() {
				if _, err := p.Matches(context.Background(), "", "password"); err == nil {
					served.Add(1)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		_, err := p.Matches(t.Context(), "", "password")
		wantFault(t, err, fault.Unavailable, "busy")
		if time.Since(start) != 0 {
			t.Errorf("waited %v", time.Since(start))
		}
		release()
		wg.Wait()
		if int(served.Load()) != waiting {
			t.Errorf("%d of %d that waited were served", served.Load(), waiting)
		}
	})
}

// TestWaitsAreTold: of those who were served and of those who were not, with how long they waited.
func TestWaitsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPasswords(t, bcrypt.MinCost)
		var told []string
		p.Observe(func(waited time.Duration, served bool) { told = append(told, fmt.Sprint(waited, " ", served)) })
		release := occupy(t, p)
		told = nil
		if _, err := p.Matches(t.Context(), "", "password"); err == nil {
			t.Error("served without a slot")
		}
		time.AfterFunc(time.Second, func() {
			if p.Waiting() != 1 {
				t.Errorf("%d wait", p.Waiting())
			}
			release()
		})
		if _, err := p.Matches(t.Context(), "", "password"); err != nil {
			t.Error(err)
		}
		if want := []string{"2s false", "1s true"}; !slices.Equal(told, want) || p.Waiting() != 0 {
			t.Errorf("told %q, want %q; %d wait", told, want, p.Waiting())
		}
	})
}

func TestCallerThatLeavesWaitsNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPasswords(t, bcrypt.MinCost)
		release := occupy(t, p)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := p.Matches(ctx, "", "password")
		wantFault(t, err, fault.Unavailable, "busy")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		release()
		if _, err := p.Matches(ctx, "", "password"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller that had left was served: %v", err)
		}
	})
}

func BenchmarkMatches(b *testing.B) {
	p := newPasswords(b, DefaultCost)
	for b.Loop() {
		if _, err := p.Matches(b.Context(), "", "password"); err != nil {
			b.Fatal(err)
		}
	}
}

// TestLeavesTheProcessorsToTheTills: while they are busy, each hash is followed by half again as long without one, which nobody waits for too long;
// else by the next one at once.
func TestLeavesTheProcessorsToTheTills(t *testing.T) {
	for _, row := range []struct {
		busy       bool
		hash, want time.Duration
	}{{false, time.Second, 3 * time.Second}, {true, 400 * time.Millisecond, 2400 * time.Millisecond}, {true, 3 * time.Second, 11 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			p := newPasswords(t, bcrypt.MinCost)
			p.compare = func(_, _ []byte) error { time.Sleep(row.hash); return nil }
			p.Yield(func() bool { return row.busy })
			start := time.Now()
			for range 3 {
				if _, err := p.Matches(t.Context(), "", "password"); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(start); took != row.want {
				t.Errorf("busy %t: three of %v took %v, want %v", row.busy, row.hash, took, row.want)
			}
		})
	}
}
