package user

import (
	"context"
	"time"

	"kassa/core/id"
	"kassa/core/page"
	"kassa/core/writer"
)

// Kinds are the kinds of values that a Repository keeps.
func Kinds() []string { return []string{"user", EmailClaim} }

// Repository keeps users. As a projection it holds the values of the kinds user and !email: the latter are answered from the users' rows and
// never kept by themselves.
type Repository interface {
	writer.Projection
	// Get returns the user, also a deleted one; NotFound fault user_unknown.
	Get(ctx context.Context, s id.Store, i id.ID) (*User, error)
	// ByEmail returns the user with the address, whatever its letter case, or nil.
	ByEmail(ctx context.Context, s id.Store, email string) (*User, error)
	// List returns the users who are not deleted, by folded name and id.
	List(ctx context.Context, s id.Store, p page.Request) (page.List[*User], error)
}

// Sessions keeps who is signed in, outside the journal. Methods that write run inside a transaction.
type Sessions interface {
	// Add keeps a new session. It drops expired sessions of the store, at most 1,000 at once, and the user's oldest ones beyond most.
	Add(ctx context.Context, s id.Store, n Session, now time.Time, most int) error
	// Get returns the session and whether it is there.
	Get(ctx context.Context, s id.Store, i id.ID) (Session, bool, error)
	// Renew replaces secret and end of the session where its secret is the old one, and reports whether it was.
	Renew(ctx context.Context, s id.Store, i id.ID, oldSecret, newSecret string, expires time.Time) (bool, error)
	// Remove ends the session, if it is there.
	Remove(ctx context.Context, s id.Store, i id.ID) error
}

// Hasher hashes passwords and PINs slowly. It may answer with an Unavailable fault when too many ask at once.
type Hasher interface {
	Hash(ctx context.Context, secret string) (string, error)
	// Matches reports whether the hash is of the secret. An empty hash is nobody's: the answer is no and takes as long as any other.
	Matches(ctx context.Context, hash, secret string) (bool, error)
}

// Throttle slows down guessing at an account from an address. Each attempt that Allow lets through ends with one of the other three.
type Throttle interface {
	// Allow returns a TooMany fault with code too_many_attempts when it is too early for another attempt. It may wait for the outcome of others
	// as long as the context lasts.
	Allow(ctx context.Context, account, address string) error
	Failed(account, address string)
	Succeeded(account, address string)
	// Abandoned ends an attempt that was not decided.
	Abandoned(account, address string)
}

// Access is what an access token says. The role is the one at sign-in or refresh; what counts is the user's present one.
type Access struct {
	Store   id.Store
	User    id.ID
	Role    Role
	Session id.ID
}

// Tokens makes and reads tokens.
type Tokens interface {
	// Issue signs an access token and says how long it is good.
	Issue(a Access) (token string, lives time.Duration, err error)
	// Parse returns what a genuine token that has not expired says, else an Unauthenticated fault token_invalid.
	Parse(token string) (Access, error)
	// NewSecret returns 256 random bits as a text without a dot, and the hash that is kept of it.
	NewSecret() (secret, hash string)
	// HashSecret returns the hash of a secret.
	HashSecret(secret string) string
}
