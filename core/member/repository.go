package member

import (
	"context"
	"time"

	"kassa/core/id"
	"kassa/core/page"
	"kassa/core/writer"
)

// Search says which members are asked for: those in which every text that is not empty is found, whatever the letter case.
type Search struct {
	Query string // part of name, e-mail or phone
	Email string // part of the e-mail
	Phone string // part of the phone number
}

// Kinds are the kinds of values that a Repository keeps.
func Kinds() []string { return []string{"member", EmailClaim, PhoneClaim} }

// Repository keeps members. As a projection it holds the values of the kinds member, !member-email and !member-phone: the latter two are
// answered from the members' rows and never kept by themselves.
type Repository interface {
	writer.Projection
	// Get returns the member, also a deleted one; NotFound fault member_unknown.
	Get(ctx context.Context, s id.Store, i id.ID) (*Member, error)
	// ByEmail returns the member with the address, whatever its letter case, or nil.
	ByEmail(ctx context.Context, s id.Store, email string) (*Member, error)
	// ByPhone returns the member with the phone number, however it is written, or nil.
	ByPhone(ctx context.Context, s id.Store, phone string) (*Member, error)
	// List returns the members who are found and not deleted, by folded name and id.
	List(ctx context.Context, s id.Store, q Search, p page.Request) (page.List[*Member], error)
}

// Tokens makes and reads member tokens: a member's word, good for some minutes, given with the PIN at the till.
type Tokens interface {
	// Issue signs a token of the member in the version and says how long it is good.
	Issue(s id.Store, member id.ID, version int64) (token string, lives time.Duration, err error)
	// Verify returns what a genuine token of the store says that has not expired; else the Unauthenticated fault member_token_invalid. Whether
	// it still holds and is not spent is not asked.
	Verify(s id.Store, token string) (Word, error)
}

// Word is what a member token says.
type Word struct {
	Member  id.ID
	Token   id.ID // spent once
	Version int64 // of the member, when the PIN was given
}

// Holds reports whether the member, who may be nil, is still the one who gave the word: an edit since, such as another PIN, takes it back.
func (w Word) Holds(m *Member) bool {
	return m != nil && !m.s.Deleted && m.s.ID == w.Member && m.s.Version == w.Version
}
