package security

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"strings"
	"sync"
	"time"

	"kassa/core/clock"
	"kassa/core/fault"
)

const (
	firstWait     = time.Second
	longestWait   = 15 * time.Minute
	doublings     = 10               // 1 s doubled so often is beyond the longest wait
	outcomeWithin = 30 * time.Second // an attempt whose outcome is not told by then has failed
	throttleLimit = 10_000           // entries in each of two generations
)

// rule says how many failures are free, and how long it takes to forgive one after the wait for it is over.
type rule struct {
	free    int
	forgive time.Duration
}

var (
	// pairRule is for one account from one address.
	pairRule = rule{free: 5, forgive: 15 * time.Minute}
	// addressRule is for an address whatever the account. A whole shop may sit behind one, so it is generous.
	addressRule = rule{free: 50, forgive: time.Minute}
)

// wait is how long the next attempt has to wait after so many failures: nothing below the free ones, 1 s after the last free one,
// twice as long after each one more, at most 15 minutes.
func (r rule) wait(failures int) time.Duration {
	if failures < r.free {
		return 0
	}
	return min(firstWait<<min(failures-r.free, doublings), longestWait)
}

// tally is what is known of one pair or address. Its zero value is the same as none.
type tally struct {
	failures int
	until    time.Time // no attempt before; forgiving counts from here
	pending  int       // attempts whose outcome is not known yet
	latest   time.Time // when the latest of those began
}

// at returns the tally as it is now: attempts that never told their outcome have failed, old failures are forgiven.
func (t tally) at(now time.Time, r rule) tally {
	if t.pending > 0 && now.Sub(t.latest) >= outcomeWithin {
		t.failures = min(t.failures+t.pending, r.free+doublings)
		t.pending, t.until = 0, later(t.until, now)
	}
	if quiet := now.Sub(t.until); t.failures > 0 && quiet >= r.forgive {
		n := int(min(quiet/r.forgive, time.Duration(t.failures)))
		t.failures -= n
		t.until = t.until.Add(time.Duration(n) * r.forgive)
	}
	if t.failures == 0 && t.pending == 0 {
		return tally{}
	}
	return t
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// refusal returns how long an attempt now has to wait, or 0. A pending attempt counts as a failure, so that guesses sent at once do
// not all slip through; beyond the free ones there is one at a time.
func (t tally) refusal(now time.Time, r rule) time.Duration {
	if wait := t.until.Sub(now); wait > 0 {
		return wait
	}
	if t.pending > 0 && t.failures+t.pending >= r.free {
		return firstWait
	}
	return 0
}

func (t tally) begin(now time.Time) tally {
	t.pending++
	t.latest = now
	return t
}

func (t tally) end() tally {
	t.pending = max(0, t.pending-1)
	return t
}

func (t tally) fail(now time.Time, r rule) tally {
	t = t.end()
	t.failures = min(t.failures+1, r.free+doublings)
	t.until = later(t.until, now.Add(r.wait(t.failures)))
	return t
}

// digest stands for an account and an address, or an address, in little memory whatever their length.
type digest [16]byte

// Throttle slows down guessing. It counts failed logins per account and address, and per address, never per account alone, so that
// nobody can lock somebody else's account from elsewhere. It remembers at most 20,000 pairs and 20,000 addresses.
//
// Every attempt that Allow lets through ends with exactly one of Succeeded, Failed and Abandoned; without one it counts as failed
// after 30 s. The account is what the guess is about: the id where it is known, so that one member's e-mail and phone are one
// account, else what was typed. The address is the client's IP address; IPv6 addresses of one /64 count as one.
type Throttle struct {
	clock clock.Clock

	mu        sync.Mutex
	ended     chan struct{} // closed when an attempt ends, and replaced
	pairs     generations[digest, tally]
	addresses generations[digest, tally]
}

// NewThrottle returns a throttle that has seen nothing.
func NewThrottle(c clock.Clock) *Throttle {
	return &Throttle{
		clock: c, ended: make(chan struct{}), pairs: newGenerations[digest, tally](throttleLimit), addresses: newGenerations[digest, tally](throttleLimit),
	}
}

// Allow reserves an attempt, or returns a TooMany fault with code too_many_attempts that says when to try again. Where only attempts stand in
// the way whose outcome is not known yet, it waits for that as long as the context lasts: many who sign in rightly at once are not guessing.
func (t *Throttle) Allow(ctx context.Context, account, address string) error {
	wait, undecided, ended := t.reserve(account, address)
	for wait > 0 && undecided {
		select {
		case <-ended:
			wait, undecided, ended = t.reserve(account, address)
			continue
		case <-ctx.Done():
		}
		break
	}
	if wait <= 0 {
		return nil
	}
	wait = (wait + time.Second - 1).Truncate(time.Second) // clients are told whole seconds
	return fault.New(fault.TooMany, "too_many_attempts", "too many failed attempts; try again in %s", wait).Retry(wait)
}

// reserve begins an attempt, or returns how long it has to wait, whether only for the outcome of others, and what tells of the next outcome.
func (t *Throttle) reserve(account, address string) (wait time.Duration, undecided bool, ended <-chan struct{}) {
	t.change(account, address, func(now time.Time, pair, addr tally) (tally, tally) {
		wait, ended = max(pair.refusal(now, pairRule), addr.refusal(now, addressRule)), t.ended
		if wait > 0 {
			undecided = !pair.until.After(now) && !addr.until.After(now)
			return pair, addr
		}
		return pair.begin(now), addr.begin(now)
	})
	return wait, undecided, ended
}

// end replaces both tallies at the end of an attempt and tells those who wait for it.
func (t *Throttle) end(account, address string, fn func(now time.Time, pair, addr tally) (tally, tally)) {
	t.change(account, address, func(now time.Time, pair, addr tally) (tally, tally) {
		close(t.ended)
		t.ended = make(chan struct{})
		return fn(now, pair, addr)
	})
}

// Failed ends an attempt whose secret was wrong, also when nobody has the account's name.
func (t *Throttle) Failed(account, address string) {
	t.end(account, address, func(now time.Time, pair, addr tally) (tally, tally) {
		return pair.fail(now, pairRule), addr.fail(now, addressRule)
	})
}

// Succeeded ends an attempt whose secret was right and forgives the pair. The address keeps its failures: otherwise one's own
// account would pay for guessing at others.
func (t *Throttle) Succeeded(account, address string) {
	t.end(account, address, func(_ time.Time, pair, addr tally) (tally, tally) {
		pair = pair.end()
		pair.failures, pair.until = 0, time.Time{}
		return pair, addr.end()
	})
}

// Abandoned ends an attempt that was not decided, such as one that found every slot busy.
func (t *Throttle) Abandoned(account, address string) {
	t.end(account, address, func(_ time.Time, pair, addr tally) (tally, tally) { return pair.end(), addr.end() })
}

// change replaces both tallies by what fn makes of their present values.
func (t *Throttle) change(account, address string, fn func(now time.Time, pair, addr tally) (tally, tally)) {
	network := networkOf(address)
	pairKey, addressKey := digestOf(strings.ToLower(account), network), digestOf(network)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock.Now()
	pair, _ := t.pairs.get(pairKey)
	addr, _ := t.addresses.get(addressKey)
	pair, addr = fn(now, pair.at(now, pairRule), addr.at(now, addressRule))
	store(&t.pairs, pairKey, pair)
	store(&t.addresses, addressKey, addr)
}

func store(g *generations[digest, tally], k digest, v tally) {
	if v.failures == 0 && v.pending == 0 {
		g.remove(k)
		return
	}
	g.put(k, v)
}

// networkOf returns what one client holds: the address, or the /64 around one of IPv6, in one spelling.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}

// digestOf hashes the parts, each with its length, so that no two lists of parts read alike.
func digestOf(parts ...string) digest {
	var b []byte
	for _, part := range parts {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	sum := sha256.Sum256(b)
	return digest(sum[:16])
}
