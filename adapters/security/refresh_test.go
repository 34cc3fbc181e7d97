package security

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestRefreshTokenIsRandomAndOnlyItsHashIsStored(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		token, hash := NewRefresh()
		b, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || len(b) != 32 {
			t.Fatalf("%s has %d bytes, %v", token, len(b), err)
		}
		if seen[token] {
			t.Fatal("a token came twice")
		}
		seen[token] = true
		if hash != HashRefresh(token) || strings.Contains(hash, token) || len(hash) != 64 {
			t.Fatalf("the hash %s", hash)
		}
	}
}

func TestHashRefreshIsSHA256(t *testing.T) {
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-4, "abc"
	if got := HashRefresh("abc"); got != want {
		t.Errorf("got %s", got)
	}
}
