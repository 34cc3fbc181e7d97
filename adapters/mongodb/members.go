package mongodb

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode"

	"kassa/core/id"
	"kassa/core/member"
	"kassa/core/page"
	"kassa/core/user"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Members implements member.Repository.
type Members struct {
	people[*member.Member, memberDocument]
}

// NewMembers returns the members of the database's stores.
func NewMembers(d *Database) *Members {
	return &Members{people[*member.Member, memberDocument]{
		d: d, collection: members, claims: map[string]string{member.EmailClaim: "email_key", member.PhoneClaim: "phone_key"},
		document: memberDocumentOf, restore: memberDocument.member,
	}}
}

// memberDocument is a member, and what lists and searches compare. Whatever is personal is missing where the member is deleted.
type memberDocument struct {
	ID        key         `bson:"_id"`
	Name      string      `bson:"name,omitempty"`
	Email     string      `bson:"email,omitempty"`
	Phone     string      `bson:"phone,omitempty"`
	PIN       string      `bson:"pin,omitempty"` // hash
	Tier      member.Tier `bson:"tier"`
	Deleted   bool        `bson:"deleted"`
	CreatedAt int64       `bson:"created_at"`
	Version   int64       `bson:"version"`
	Place     *named      `bson:"place,omitempty"`
	EmailKey  string      `bson:"email_key,omitempty"`
	PhoneKey  string      `bson:"phone_key,omitempty"`
	Search    string      `bson:"search,omitempty"`
}

func memberDocumentOf(s id.Store, m *member.Member) memberDocument {
	x := m.Snapshot()
	d := memberDocument{
		ID: key{s, string(x.ID)}, Name: x.Name, Email: x.Email, Phone: x.Phone, PIN: x.PINHash, Tier: x.Tier, Deleted: x.Deleted,
		CreatedAt: x.CreatedAt.UnixMilli(), Version: x.Version, EmailKey: user.Fold(x.Email), PhoneKey: member.Digits(x.Phone),
	}
	if !x.Deleted {
		d.Place = placeOf(m)
		d.Search = strings.Join([]string{user.Fold(x.Name), d.EmailKey, d.PhoneKey}, "\n")
	}
	return d
}

func (d memberDocument) member() (*member.Member, error) {
	return member.Restore(member.Snapshot{
		ID: id.ID(d.ID.ID), Name: d.Name, Email: d.Email, Phone: d.Phone, PINHash: d.PIN, Tier: d.Tier, Deleted: d.Deleted,
		CreatedAt: time.UnixMilli(d.CreatedAt).UTC(), Version: d.Version,
	})
}

// Get implements member.Repository.
func (r *Members) Get(ctx context.Context, s id.Store, i id.ID) (*member.Member, error) {
	m, err := r.get(ctx, s, i)
	if err == nil && m == nil {
		err = member.Unknown(i)
	}
	return m, err
}

// ByEmail implements member.Repository.
func (r *Members) ByEmail(ctx context.Context, s id.Store, email string) (*member.Member, error) {
	return r.by(ctx, s, "email_key", user.Fold(email))
}

// ByPhone implements member.Repository.
func (r *Members) ByPhone(ctx context.Context, s id.Store, phone string) (*member.Member, error) {
	return r.by(ctx, s, "phone_key", member.Digits(phone))
}

// List implements member.Repository.
func (r *Members) List(ctx context.Context, s id.Store, q member.Search, p page.Request) (page.List[*member.Member], error) {
	texts, possible := textsOf(q)
	if !possible {
		_, err := page.Parts(p.After, 2)
		return page.List[*member.Member]{}, err
	}
	return r.list(ctx, s, texts, p)
}

// A member's search text has three lines: name, e-mail, phone number. Which one a text is found on shows in what follows it there.
const (
	beforePhone = `[^\n]*\n`         // name or e-mail
	inEmail     = `[^\n]*\n[^\n]*\z` // e-mail
	inPhone     = `[^\n]*\z`         // phone number
)

// textsOf returns what a member who is searched for has, and false where nobody can have it. Expressions on one field are compared in the index,
// without a look at the documents of all who do not match.
func textsOf(q member.Search) (texts []bson.D, possible bool) {
	query, email := regexp.QuoteMeta(user.Fold(q.Query)), regexp.QuoteMeta(user.Fold(q.Email))
	if strings.ContainsFunc(query+email, unicode.IsControl) { // neither name nor address has any, and an expression cannot hold all of them
		return nil, false
	}
	has := func(pattern string) {
		texts = append(texts, bson.D{{Key: "search", Value: bson.D{{Key: "$regex", Value: pattern}}}})
	}
	if query != "" {
		pattern := query + beforePhone
		if digits := member.PhonePart(q.Query); digits != "" {
			pattern += "|" + regexp.QuoteMeta(digits) + inPhone
		}
		has(pattern)
	}
	if email != "" {
		has(email + inEmail)
	}
	if q.Phone != "" {
		digits := member.PhonePart(q.Phone)
		if digits == "" {
			return nil, false
		}
		has(regexp.QuoteMeta(digits) + inPhone)
	}
	return texts, true
}
