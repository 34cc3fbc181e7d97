package user

import (
	"strings"
	"time"

	"kassa/core/id"
)

const (
	// RefreshLifetime is how long a session lasts without a refresh.
	RefreshLifetime = 30 * 24 * time.Hour
	// MaxSessions is how many live sessions a user has; the oldest goes when there is one more.
	MaxSessions = 100

	maxRefreshToken = 512 // bytes
)

// Session is somebody signed in at one place. Its refresh token holds two secrets: the family's, which stays, and a second one, which is new
// with each refresh. A token of the right family with another second secret was used before, so somebody has a copy of it.
type Session struct {
	ID        id.ID
	User      id.ID
	Epoch     int64  // of the user at sign-in
	Family    string // hash
	Secret    string // hash
	CreatedAt time.Time
	ExpiresAt time.Time
}

// stands reports whether the session is still good for the user.
func (s Session) stands(u *User, now time.Time) bool {
	return u != nil && u.Active() && s.User == u.s.ID && s.Epoch == u.s.Epoch && now.Before(s.ExpiresAt)
}

// refreshToken is a refresh token in its parts. The store stands in it because a client need not know.
type refreshToken struct {
	store          id.Store
	session        id.ID
	family, secret string
}

func (t refreshToken) String() string {
	return strings.Join([]string{string(t.store), string(t.session), t.family, t.secret}, ".")
}

// parseRefreshToken returns the parts of what has the shape of a refresh token.
func parseRefreshToken(s string) (refreshToken, bool) {
	parts := strings.Split(s, ".")
	if len(s) > maxRefreshToken || len(parts) != 4 {
		return refreshToken{}, false
	}
	for _, p := range parts[:2] {
		if _, err := id.Parse(p); err != nil {
			return refreshToken{}, false
		}
	}
	return refreshToken{id.Store(parts[0]), id.ID(parts[1]), parts[2], parts[3]}, true
}

// Principal is who calls, with the role at present.
type Principal struct {
	Store   id.Store
	User    id.ID
	Role    Role
	Session id.ID
}

// Grant is what a client gets at sign-in and refresh.
type Grant struct {
	AccessToken  string
	ExpiresIn    time.Duration // of the access token
	RefreshToken string
	Store        id.Store
	User         *User
}
