package mongodb

import (
	"context"
	"time"

	"kassa/core/id"
	"kassa/core/page"
	"kassa/core/user"
)

// Users implements user.Repository.
type Users struct {
	people[*user.User, userDocument]
}

// NewUsers returns the users of the database's stores.
func NewUsers(d *Database) *Users {
	return &Users{people[*user.User, userDocument]{
		d: d, collection: users, claims: map[string]string{user.EmailClaim: "email_key"}, document: userDocumentOf, restore: userDocument.user,
	}}
}

// userDocument is a user, and what lists and searches compare. Whatever is personal is missing where the user is deleted.
type userDocument struct {
	ID        key       `bson:"_id"`
	Name      string    `bson:"name,omitempty"`
	Email     string    `bson:"email,omitempty"`
	Role      user.Role `bson:"role"`
	Password  string    `bson:"password,omitempty"` // hash
	Active    bool      `bson:"active"`
	Deleted   bool      `bson:"deleted"`
	CreatedAt int64     `bson:"created_at"`
	Version   int64     `bson:"version"`
	Epoch     int64     `bson:"epoch"`
	Place     *named    `bson:"place,omitempty"`
	EmailKey  string    `bson:"email_key,omitempty"`
}

func userDocumentOf(s id.Store, u *user.User) userDocument {
	x := u.Snapshot()
	d := userDocument{
		ID: key{s, string(x.ID)}, Name: x.Name, Email: x.Email, Role: x.Role, Password: x.PasswordHash, Active: x.Active, Deleted: x.Deleted,
		CreatedAt: x.CreatedAt.UnixMilli(), Version: x.Version, Epoch: x.Epoch, EmailKey: user.Fold(x.Email),
	}
	if !x.Deleted {
		d.Place = placeOf(u)
	}
	return d
}

func (d userDocument) user() (*user.User, error) {
	return user.Restore(user.Snapshot{
		ID: id.ID(d.ID.ID), Name: d.Name, Email: d.Email, Role: d.Role, PasswordHash: d.Password, Active: d.Active, Deleted: d.Deleted,
		CreatedAt: time.UnixMilli(d.CreatedAt).UTC(), Version: d.Version, Epoch: d.Epoch,
	})
}

// Get implements user.Repository.
func (r *Users) Get(ctx context.Context, s id.Store, i id.ID) (*user.User, error) {
	u, err := r.get(ctx, s, i)
	if err == nil && u == nil {
		err = user.Unknown()
	}
	return u, err
}

// ByEmail implements user.Repository.
func (r *Users) ByEmail(ctx context.Context, s id.Store, email string) (*user.User, error) {
	return r.by(ctx, s, "email_key", user.Fold(email))
}

// List implements user.Repository.
func (r *Users) List(ctx context.Context, s id.Store, p page.Request) (page.List[*user.User], error) {
	return r.list(ctx, s, nil, p)
}
