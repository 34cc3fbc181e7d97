// Package transaction holds the port that hides a database's transactions from the services.
package transaction

import (
	"context"
	"errors"
)

// ErrUnknown says that a commit was sent and its outcome never came back. The caller may not assume either; it reads again.
var ErrUnknown = errors.New("the outcome of the commit is unknown")

// ErrTooLarge says that what was to be written is more than the database takes in one transaction. Nothing of it was written; in parts it may be.
var ErrTooLarge = errors.New("this is too much for one transaction")

// Provider runs functions inside a database transaction that travels in the context.
type Provider interface {
	// Transact runs fn in a write transaction and commits when fn returns nil. fn may run more than once: it has no effect outside
	// the database and returns every error. A nested call joins the outer transaction; when a joined call has failed, the outer one
	// cannot commit, whatever it returns. Errors of fn come back as they are; ErrUnknown (wrapped) when the commit's outcome is unknown, ErrTooLarge.
	Transact(ctx context.Context, fn func(ctx context.Context) error) error
	// View runs fn on one consistent snapshot of what is durably committed. Writes inside it fail.
	View(ctx context.Context, fn func(ctx context.Context) error) error
}
