package security

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"

	"kassa/core/fault"
)

// DefaultCost is the bcrypt cost of production: about 330 ms for each hash.
const DefaultCost = 12

const (
	maxSecret      = 72 // bcrypt ignores what follows
	queuePerSlot   = 16 // more could not be served within maxWait anyway
	maxWait        = 2 * time.Second
	busyRetryAfter = time.Second

	restNumerator, restDenominator = 3, 2        // of the time that a hash took, while others have work to do
	longestRest                    = maxWait / 2 // where hashes take long, or nobody would wait long enough for the end of one
)

// dummyDigest is salt and digest of a bcrypt hash that no known secret has. With a cost before it, comparing takes as long as with
// a real one.
const dummyDigest = "Kz5yTnJmWq8cV3xRb1LdfO" + "9hG2sPpYwEo4uXtN7iAkCvZr6MjQDBe"

// Passwords hashes and compares passwords and PINs with bcrypt. At most half the processors do so at any time, and two fifths of that where others
// have work to do, so that a login storm does not slow down selling; who waits longer than 2 s, or finds the queue full, gets an Unavailable fault
// with code busy.
type Passwords struct {
	cost    int
	dummy   string
	slots   chan struct{} // one token for each comparison that runs or rests
	queue   chan struct{} // one for each that runs, rests or waits
	told    func(waited time.Duration, served bool)
	yields  func() bool
	compare func(hash, secret []byte) error
}

// NewPasswords returns a hasher with the bcrypt cost, 4 to 31; tests use bcrypt.MinCost.
func NewPasswords(cost int) (*Passwords, error) {
	if cost < bcrypt.MinCost || cost > bcrypt.MaxCost {
		return nil, fault.New(fault.Internal, "bcrypt_cost_invalid", "a bcrypt cost is %d to %d, not %d", bcrypt.MinCost, bcrypt.MaxCost, cost)
	}
	slots := max(1, runtime.GOMAXPROCS(0)/2)
	return &Passwords{
		cost:    cost,
		dummy:   fmt.Sprintf("$2a$%02d$%s", cost, dummyDigest),
		slots:   make(chan struct{}, slots),
		queue:   make(chan struct{}, slots*(1+queuePerSlot)),
		told:    func(time.Duration, bool) {},
		yields:  func() bool { return false },
		compare: bcrypt.CompareHashAndPassword,
	}, nil
}

// Yield has busy asked after each hash: where it says that others have work to do, the next one waits half again as long as this one took, at
// most 1 s. Call it before anything is hashed.
func (p *Passwords) Yield(busy func() bool) { p.yields = busy }

// Observe has told called for everybody who wanted a slot: how long that was waited for, and whether it was given. Call it before anything is hashed.
func (p *Passwords) Observe(told func(waited time.Duration, served bool)) { p.told = told }

// Waiting returns how many wait for a slot.
func (p *Passwords) Waiting() int { return max(0, len(p.queue)-len(p.slots)) }

// Hash returns the bcrypt hash of the secret. A secret that is empty, longer than 72 bytes or holds a NUL character is an Invalid
// fault with code secret_invalid; the least length of passwords and the form of PINs are the core's to check. Unavailable, busy:
// too many at once.
func (p *Passwords) Hash(ctx context.Context, secret string) (string, error) {
	if secret == "" || !whole(secret) {
		return "", fault.New(fault.Invalid, "secret_invalid", "a password or PIN has 1 to %d bytes and no NUL character", maxSecret)
	}
	release, err := p.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	hash, err := bcrypt.GenerateFromPassword([]byte(secret), p.cost)
	if err != nil {
		return "", fault.New(fault.Internal, "hash_failed", "bcrypt could not hash").Wrap(err)
	}
	return string(hash), nil
}

// Matches reports whether the hash is of the secret. An empty hash stands for somebody unknown: the answer is no and takes as long
// as for a wrong password, and so it does for a secret that Hash would refuse. A hash that is none is an Internal fault with code
// hash_corrupt. Unavailable, busy: too many at once.
func (p *Passwords) Matches(ctx context.Context, hash, secret string) (bool, error) {
	possible := hash != "" && whole(secret)
	if !possible {
		hash, secret = p.dummy, "dummy"
	}
	release, err := p.acquire(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	switch err := p.compare([]byte(hash), []byte(secret)); {
	case err == nil:
		return possible, nil
	case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
		return false, nil
	default:
		return false, fault.New(fault.Internal, "hash_corrupt", "a stored hash is not one of bcrypt").Wrap(err)
	}
}

// whole reports whether bcrypt looks at every byte of the secret. It ends with a NUL and repeats what is shorter than 72
// bytes, so that "a" and "a\x00a" would be one password.
func whole(secret string) bool {
	return len(secret) <= maxSecret && strings.IndexByte(secret, 0) < 0
}

// acquire takes one of the slots and returns how to give it back.
func (p *Passwords) acquire(ctx context.Context) (release func(), err error) {
	began := time.Now()
	defer func() { p.told(time.Since(began), err == nil) }()
	if ctx.Err() != nil {
		return nil, busy().Wrap(ctx.Err())
	}
	select {
	case p.queue <- struct{}{}:
	default:
		return nil, busy()
	}
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case p.slots <- struct{}{}:
		return p.leave(time.Now()), nil
	case <-timer.C:
		err = busy()
	case <-ctx.Done():
		err = busy().Wrap(ctx.Err())
	}
	<-p.queue
	return nil, err
}

// leave returns how to give back a slot that was taken at began.
func (p *Passwords) leave(began time.Time) func() {
	return func() {
		free := func() { <-p.slots; <-p.queue }
		if p.yields() {
			time.AfterFunc(min(time.Since(began)*restNumerator/restDenominator, longestRest), free)
			return
		}
		free()
	}
}

func busy() *fault.Error {
	return fault.New(fault.Unavailable, "busy", "too many logins at once; try again in a moment").Retry(busyRetryAfter)
}
