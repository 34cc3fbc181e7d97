package system

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync"

	"kassa/core/clock"
	"kassa/core/id"
)

// The parts of a UUIDv7 (RFC 9562, 5.7) as two numbers: 48 bits of milliseconds, the version and 12 bits; the variant and 62 bits.
const (
	version  = 0x7000
	variant  = 1 << 63
	highBits = 1<<12 - 1
	lowBits  = 1<<62 - 1
	maxStep  = 1<<32 - 1
)

// IDs makes UUIDv7 identifiers that strictly increase within a process, also when the clock stands still or falls back: within a
// millisecond the 74 bits after the time are counted up by a random step (RFC 9562, 6.2, method 2). It implements id.Source and
// may be used by many goroutines.
type IDs struct {
	clock clock.Clock

	mu     sync.Mutex
	milli  uint64 // the time in the newest identifier
	high   uint64 // its 12 bits after the version
	low    uint64 // its 62 bits after the variant
	random [4096]byte
	unused int // bytes at the end of random that were not used yet
}

var _ id.Source = (*IDs)(nil)

// NewIDs returns a source that takes the time from c.
func NewIDs(c clock.Clock) *IDs { return &IDs{clock: c} }

// New returns the next identifier.
func (s *IDs) New() id.ID {
	now := uint64(max(s.clock.Now().UnixMilli(), 0))
	s.mu.Lock()
	if now > s.milli {
		s.restart(now)
	} else {
		s.count()
	}
	milli, high, low := s.milli, s.high, s.low
	s.mu.Unlock()
	return format(milli, high, low)
}

// restart begins a new millisecond with random bits. The topmost is left clear, so that counting has room.
func (s *IDs) restart(milli uint64) {
	s.milli = milli
	s.high = s.draw() & (highBits >> 1)
	s.low = s.draw() & lowBits
}

// count steps on by 1 to 2^32; past the last value it borrows the next millisecond.
func (s *IDs) count() {
	s.low += s.draw()&maxStep + 1
	if s.low <= lowBits {
		return
	}
	s.low &= lowBits
	s.high++
	if s.high > highBits {
		s.restart(s.milli + 1)
	}
}

// draw returns 64 random bits. They are fetched in blocks, because one call for each identifier costs more than all the rest.
func (s *IDs) draw() uint64 {
	if s.unused < 8 {
		_, _ = rand.Read(s.random[:]) // never fails: it ends the process instead
		s.unused = len(s.random)
	}
	b := s.random[len(s.random)-s.unused:]
	s.unused -= 8
	return binary.NativeEndian.Uint64(b)
}

func format(milli, high, low uint64) id.ID {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], milli<<16|version|high)
	binary.BigEndian.PutUint64(b[8:], variant|low)
	var t [36]byte
	hex.Encode(t[0:8], b[0:4])
	t[8], t[13], t[18], t[23] = '-', '-', '-', '-'
	hex.Encode(t[9:13], b[4:6])
	hex.Encode(t[14:18], b[6:8])
	hex.Encode(t[19:23], b[8:10])
	hex.Encode(t[24:36], b[10:16])
	return id.ID(t[:])
}
