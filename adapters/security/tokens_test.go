package security

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"kassa/core/fault"
)

var testKey = []byte("0123456789abcdef0123456789abcdef")

func newTokens(t testing.TB) (*Tokens, *testClock) {
	t.Helper()
	c := newTestClock()
	tokens, err := NewTokens(testKey, c, new(testIDs))
	must(t, err)
	return tokens, c
}

func accessClaims() Claims {
	return Claims{Kind: KindAccess, Store: "store-1", Subject: "user-1", Role: "cashier", Session: "session-1"}
}

func memberClaims() Claims {
	return Claims{Kind: KindMember, Store: "store-1", Subject: "member-1", Version: 3}
}

func TestTokenSaysWhatWasIssued(t *testing.T) {
	for _, c := range []Claims{accessClaims(), memberClaims()} {
		tokens, clk := newTokens(t)
		first, err := tokens.Issue(c)
		must(t, err)
		second, err := tokens.Issue(c)
		must(t, err)
		want := c
		want.ID = "id-1"
		want.ExpiresAt = clk.Now().Add(map[string]time.Duration{KindAccess: 15 * time.Minute, KindMember: 5 * time.Minute}[c.Kind]).Truncate(time.Second)
		for _, how := range []string{"verified", "known"} {
			got, err := tokens.Parse(c.Kind, first)
			must(t, err)
			if got.ExpiresAt = got.ExpiresAt.UTC(); got != want {
				t.Errorf("%s: got %+v, want %+v", how, got, want)
			}
		}
		if got, err := tokens.Parse(c.Kind, second); err != nil || got.ID != "id-2" {
			t.Errorf("the second token has the id %s, %v", got.ID, err)
		}
	}
}

func TestIssueKeepsAGivenID(t *testing.T) {
	tokens, _ := newTokens(t)
	c := memberClaims()
	c.ID = "given"
	token, err := tokens.Issue(c)
	must(t, err)
	if got, err := tokens.Parse(KindMember, token); err != nil || got.ID != "given" {
		t.Errorf("got %s, %v", got.ID, err)
	}
}

func TestIssueNeedsEveryClaim(t *testing.T) {
	tokens, _ := newTokens(t)
	rows := map[string]func(*Claims){
		"kind":          func(c *Claims) { c.Kind = "other" },
		"no kind":       func(c *Claims) { c.Kind = "" },
		"store":         func(c *Claims) { c.Store = "" },
		"subject":       func(c *Claims) { c.Subject = "" },
		"role":          func(c *Claims) { c.Role = "" },
		"session":       func(c *Claims) { c.Session = "" },
		"long subject":  func(c *Claims) { c.Subject = "a b" },
		"id of no form": func(c *Claims) { c.ID = "a/b" },
	}
	for name, change := range rows {
		c := accessClaims()
		change(&c)
		if _, err := tokens.Issue(c); !fault.IsCode(err, "claims_incomplete") {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := accessClaims()
	c.Role = strings.Repeat("r", maxToken)
	if _, err := tokens.Issue(c); !fault.IsCode(err, "token_too_long") {
		t.Errorf("a token that Parse would refuse for its length: %v", err)
	}
}

func TestTokenEndsWithItsLifetime(t *testing.T) {
	for _, known := range []bool{false, true} {
		for kind, c := range map[string]Claims{KindAccess: accessClaims(), KindMember: memberClaims()} {
			tokens, clk := newTokens(t)
			token, err := tokens.Issue(c)
			must(t, err)
			lifetime := tokens.kinds[kind].lifetime
			if known {
				_, err = tokens.Parse(kind, token)
				must(t, err)
			}
			end := clk.Now().Add(lifetime).Truncate(time.Second)
			clk.advance(end.Sub(clk.Now()))
			_, err = tokens.Parse(kind, token)
			wantFault(t, err, fault.Unauthenticated, "token_invalid")
			clk.advance(-time.Millisecond)
			if _, err := tokens.Parse(kind, token); err != nil {
				t.Errorf("a %s token a millisecond before its end (known: %v): %v", kind, known, err)
			}
		}
	}
}

func TestOneKindIsNeverTheOther(t *testing.T) {
	tokens, _ := newTokens(t)
	access, err := tokens.Issue(accessClaims())
	must(t, err)
	member, err := tokens.Issue(memberClaims())
	must(t, err)
	for range 2 { // the second time with both known
		_, err = tokens.Parse(KindMember, access)
		wantFault(t, err, fault.Unauthenticated, "token_invalid")
		_, err = tokens.Parse(KindAccess, member)
		wantFault(t, err, fault.Unauthenticated, "token_invalid")
		_, err = tokens.Parse("other", access)
		wantFault(t, err, fault.Unauthenticated, "token_invalid")
		_, err = tokens.Parse(KindAccess, access)
		must(t, err)
		_, err = tokens.Parse(KindMember, member)
		must(t, err)
	}
}

// genuine is the payload of a good access token, to be spoilt.
func genuine(clk *testClock) jwt.MapClaims {
	return jwt.MapClaims{
		"iss": "kassa", "aud": []string{"kassa/access"}, "sub": "user-1", "jti": "id-1", "kind": "access", "store": "store-1",
		"role": "manager", "sid": "session-1", "exp": clk.Now().Add(10 * time.Minute).Unix(),
	}
}

func sign(t testing.TB, method jwt.SigningMethod, key any, c jwt.MapClaims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(method, c).SignedString(key)
	must(t, err)
	return token
}

func TestSpoiltPayloadsAreRefused(t *testing.T) {
	tokens, clk := newTokens(t)
	if _, err := tokens.Parse(KindAccess, sign(t, jwt.SigningMethodHS256, testKey, genuine(clk))); err != nil {
		t.Fatalf("the payload that the rows spoil is not good: %v", err)
	}
	rows := map[string]func(jwt.MapClaims){
		"expired":              func(c jwt.MapClaims) { c["exp"] = clk.Now().Unix() },
		"expired long ago":     func(c jwt.MapClaims) { c["exp"] = 1 },
		"no expiry":            func(c jwt.MapClaims) { delete(c, "exp") },
		"expiry null":          func(c jwt.MapClaims) { c["exp"] = nil },
		"expiry a string":      func(c jwt.MapClaims) { c["exp"] = "never" },
		"expiry zero":          func(c jwt.MapClaims) { c["exp"] = 0 },
		"not yet":              func(c jwt.MapClaims) { c["nbf"] = clk.Now().Add(time.Minute).Unix() },
		"another issuer":       func(c jwt.MapClaims) { c["iss"] = "other" },
		"no issuer":            func(c jwt.MapClaims) { delete(c, "iss") },
		"another audience":     func(c jwt.MapClaims) { c["aud"] = "other" },
		"the other's audience": func(c jwt.MapClaims) { c["aud"] = "kassa/member" },
		"no audience":          func(c jwt.MapClaims) { delete(c, "aud") },
		"empty audience":       func(c jwt.MapClaims) { c["aud"] = []string{} },
		"the other's kind":     func(c jwt.MapClaims) { c["kind"] = "member" },
		"no kind":              func(c jwt.MapClaims) { delete(c, "kind") },
		"no store":             func(c jwt.MapClaims) { delete(c, "store") },
		"no subject":           func(c jwt.MapClaims) { delete(c, "sub") },
		"no id":                func(c jwt.MapClaims) { delete(c, "jti") },
		"no role":              func(c jwt.MapClaims) { delete(c, "role") },
		"no session":           func(c jwt.MapClaims) { delete(c, "sid") },
		"a number for a name":  func(c jwt.MapClaims) { c["sub"] = 1 },
		"more than 4096 bytes": func(c jwt.MapClaims) { c["role"] = strings.Repeat("r", maxToken) },
		"strange subject":      func(c jwt.MapClaims) { c["sub"] = "../user-1" },
	}
	for name, spoil := range rows {
		t.Run(name, func(t *testing.T) {
			c := genuine(clk)
			spoil(c)
			token := sign(t, jwt.SigningMethodHS256, testKey, c)
			for _, kind := range []string{KindAccess, KindMember} {
				got, err := tokens.Parse(kind, token)
				wantFault(t, err, fault.Unauthenticated, "token_invalid")
				if got != (Claims{}) {
					t.Errorf("a refused token still gave %+v", got)
				}
			}
		})
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	tokens, clk := newTokens(t)
	good := sign(t, jwt.SigningMethodHS256, testKey, genuine(clk))
	part := strings.Split(good, ".")
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	header := func(h map[string]any) string {
		b, err := json.Marshal(h)
		must(t, err)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	manager := genuine(clk)
	manager["sub"] = "user-2"
	other := strings.Split(sign(t, jwt.SigningMethodHS256, testKey, manager), ".")
	rows := map[string]string{
		"nothing":                       "",
		"dots only":                     "..",
		"many dots":                     strings.Repeat(".", maxToken),
		"not base64":                    "!.!.!",
		"alg none":                      sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, genuine(clk)),
		"alg none, a signature":         header(map[string]any{"alg": "none"}) + "." + part[1] + "." + part[2],
		"alg None":                      header(map[string]any{"alg": "None"}) + "." + part[1] + ".",
		"no alg":                        header(map[string]any{"typ": "JWT"}) + "." + part[1] + "." + part[2],
		"alg a number":                  header(map[string]any{"alg": 256}) + "." + part[1] + "." + part[2],
		"alg in lower case":             header(map[string]any{"alg": "hs256"}) + "." + part[1] + "." + part[2],
		"HS512 with our key":            sign(t, jwt.SigningMethodHS512, testKey, genuine(clk)),
		"HS384 with our key":            sign(t, jwt.SigningMethodHS384, testKey, genuine(clk)),
		"RS256 with another key":        sign(t, jwt.SigningMethodRS256, rsaKey, genuine(clk)),
		"RS256 in the header only":      header(map[string]any{"alg": "RS256", "typ": "JWT"}) + "." + part[1] + "." + part[2],
		"another key":                   sign(t, jwt.SigningMethodHS256, []byte("0123456789abcdef0123456789abcdeF"), genuine(clk)),
		"empty key":                     sign(t, jwt.SigningMethodHS256, []byte{}, genuine(clk)),
		"key in the header":             header(map[string]any{"alg": "HS256", "k": "AAAA", "jwk": map[string]any{"kty": "oct", "k": "AAAA"}}) + "." + part[1] + "." + part[2],
		"no signature":                  part[0] + "." + part[1] + ".",
		"no signature part":             part[0] + "." + part[1],
		"four parts":                    good + "." + part[2],
		"another's payload":             part[0] + "." + other[1] + "." + part[2],
		"another's signature":           part[0] + "." + part[1] + "." + other[2],
		"short signature":               good[:len(good)-1],
		"padded":                        good + "=",
		"white space":                   " " + good,
		"line break":                    good + "\n",
		"NUL":                           good + "\x00",
		"the word Bearer":               "Bearer " + good,
		"longer than 4096 bytes":        good + strings.Repeat("A", maxToken),
		"payload is not an object":      signRaw(t, "[]"),
		"payload with trailing data":    signRaw(t, "{}{}"),
		"payload is null":               signRaw(t, "null"),
		"payload nested without bounds": signRaw(t, strings.Repeat("[", 2000)),
	}
	for _, known := range []bool{false, true} {
		for name, forged := range rows {
			if _, err := tokens.Parse(KindAccess, forged); !fault.IsKind(err, fault.Unauthenticated) || !fault.IsCode(err, "token_invalid") {
				t.Errorf("%s (the good one known: %v): %v", name, known, err)
			}
		}
		_, err := tokens.Parse(KindAccess, good)
		must(t, err)
	}
}

// signRaw signs a payload of any form with our key.
func signRaw(t testing.TB, payload string) string {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	signature, err := jwt.SigningMethodHS256.Sign(text, testKey)
	must(t, err)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestEveryChangedCharacterIsNoticed(t *testing.T) {
	tokens, _ := newTokens(t)
	good, err := tokens.Issue(accessClaims())
	must(t, err)
	_, err = tokens.Parse(KindAccess, good)
	must(t, err)
	last := len(good) - 1 // has bits that base64 does not use
	for i := range len(good) {
		changes := "AB_.="
		if i == last {
			changes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		}
		for _, c := range changes {
			if changed := good[:i] + string(c) + good[i+1:]; changed != good {
				if _, err := tokens.Parse(KindAccess, changed); err == nil {
					t.Fatalf("character %d changed to %c went unnoticed", i, c)
				}
			}
		}
	}
}

func TestKeyNeedsThirtyTwoBytes(t *testing.T) {
	for _, n := range []int{0, 31} {
		_, err := NewTokens(make([]byte, n), newTestClock(), new(testIDs))
		wantFault(t, err, fault.Internal, "jwt_key_short")
	}
}

func TestKeyIsACopy(t *testing.T) {
	key := append([]byte(nil), testKey...)
	tokens, err := NewTokens(key, newTestClock(), new(testIDs))
	must(t, err)
	token, err := tokens.Issue(accessClaims())
	must(t, err)
	clear(key)
	_, err = tokens.Parse(KindAccess, token)
	must(t, err)
}

func TestVerifiedTokensAreBoundedAndForgedOnesAreNotKept(t *testing.T) {
	tokens, _ := newTokens(t)
	_, _ = tokens.Parse(KindAccess, "forged")
	if n := tokens.verified.size(); n != 0 {
		t.Fatalf("%d forged tokens are kept", n)
	}
	tokens.verified = newGenerations[string, Claims](8)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				token, err := tokens.Issue(accessClaims())
				if err == nil {
					_, err = tokens.Parse(KindAccess, token)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := tokens.verified.size(); n > 16 || n < 8 {
		t.Errorf("%d tokens are kept", n)
	}
}

func FuzzParse(f *testing.F) {
	tokens, clk := newTokens(f)
	good := sign(f, jwt.SigningMethodHS256, testKey, genuine(clk))
	f.Add(good)
	f.Add(good + ".")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := tokens.Parse(KindAccess, token); (err == nil) != (token == good) {
			t.Errorf("%q: %v", token, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	tokens, _ := newTokens(b)
	token, err := tokens.Issue(accessClaims())
	must(b, err)
	b.Run("verify", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := tokens.verify(KindAccess, token); err != nil {
				b.Fatal(err)
			}
		}
	})
	many := make([]string, 1000)
	for i := range many {
		many[i], err = tokens.Issue(accessClaims())
		must(b, err)
	}
	for _, clients := range []int{1, len(many)} {
		b.Run(fmt.Sprintf("known/%d", clients), func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					if _, err := tokens.Parse(KindAccess, many[i%clients]); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
