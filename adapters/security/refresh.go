package security

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

const refreshBytes = 32

// NewRefresh returns a new refresh token, 256 random bits in base64url, and its hash, which is all that is stored.
func NewRefresh() (token, hash string) {
	b := make([]byte, refreshBytes)
	_, _ = rand.Read(b) // never fails
	token = base64.RawURLEncoding.EncodeToString(b)
	return token, HashRefresh(token)
}

// HashRefresh returns the SHA-256 of the token in hexadecimal. A token of 256 random bits needs no salt and no slow hash.
func HashRefresh(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
