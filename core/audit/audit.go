// Package audit holds who did what: the actor of a request, and the facts that a record keeps about it.
package audit

import (
	"context"

	"kassa/core/id"
)

// Actor is who acts, as the record names them: by id and role only, never by name.
type Actor struct {
	ID        id.ID
	Role      string // cashier, manager, operator, system, or anonymous for who did not sign in
	RequestID string
}

// System is the actor of what Kassa does by itself.
func System() Actor { return Actor{Role: "system"} }

// Fact is one audit event inside a record. Before and After are short texts; of personal fields they say only that they changed.
type Fact struct {
	Action   string // such as product.edit
	Entity   string // such as product
	EntityID id.ID
	Before   string
	After    string
	Reason   string
}

// Sale is the action of a sale, the one fact that is as plentiful as records are.
const Sale = "sale"

// Common reports whether nearly every record has such a fact. It is then listed without an index entry of its own.
func (f Fact) Common() bool { return f.Action == Sale }

// Anonymous is the role of who did not sign in.
const Anonymous = "anonymous"

type actorKey struct{}

// WithActor returns a context that carries the actor.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// From returns the actor that the context carries, or System.
func From(ctx context.Context) Actor {
	if a, ok := ctx.Value(actorKey{}).(Actor); ok {
		return a
	}
	return System()
}
