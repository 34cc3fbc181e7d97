// Package idempotency holds what makes a repeated request the same request: the client's key and a hash of kind and content.
package idempotency

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"kassa/core/fault"
)

// MaxKey is the most characters a key has.
const MaxKey = 255

// Key is what a client sends as Idempotency-Key.
type Key string

// ParseKey returns the key, or a Malformed fault: idempotency_key_missing when it is empty, idempotency_key_invalid unless it is
// 1 to 255 printable ASCII characters, without a space at its ends: a header would lose it, and the key be another.
func ParseKey(s string) (Key, error) {
	if s == "" {
		return "", fault.New(fault.Malformed, "idempotency_key_missing", "this request needs the header Idempotency-Key, so that it can be repeated safely")
	}
	if len(s) > MaxKey || s[0] == ' ' || s[len(s)-1] == ' ' {
		return "", invalidKey()
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return "", invalidKey()
		}
	}
	return Key(s), nil
}

func invalidKey() error {
	return fault.New(fault.Malformed, "idempotency_key_invalid", "an Idempotency-Key has 1 to %d printable ASCII characters and no space at its ends", MaxKey)
}

// Reused is the fault for a key that came back with another operation or other content.
func Reused() error {
	return fault.New(fault.Invalid, "idempotency_key_reused", "this Idempotency-Key was used for another request; use a new key for a new request")
}

// Hash tells whether two requests have the same kind and content. Zero means that nothing is compared.
type Hash [sha256.Size]byte

// String returns the hash in hexadecimal, or nothing for the zero hash.
func (h Hash) String() string {
	if h == (Hash{}) {
		return ""
	}
	return hex.EncodeToString(h[:])
}

// Hasher builds a Hash from the fields of a request, each with its length, so that no two requests read alike.
type Hasher struct{ b []byte }

// NewHasher begins with the operation's kind.
func NewHasher(kind string) *Hasher {
	h := &Hasher{b: make([]byte, 0, 512)}
	return h.Text(kind)
}

// Text adds a text.
func (h *Hasher) Text(s string) *Hasher {
	h.b = binary.AppendUvarint(h.b, uint64(len(s)))
	h.b = append(h.b, s...)
	return h
}

// Int adds a number.
func (h *Hasher) Int(n int64) *Hasher {
	h.b = binary.AppendVarint(h.b, n)
	return h
}

// Sum returns the hash.
func (h *Hasher) Sum() Hash { return sha256.Sum256(h.b) }
