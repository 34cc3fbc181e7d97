package mongodb

import (
	"context"
	"errors"
	"testing"
	"time"

	"kassa/adapters/mongodb/mongotest"
	"kassa/core/transaction"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// TestTransactionOfWhoLeavesHoldsNothing: the server is told that it is given up, though whoever began it has gone.
func TestTransactionOfWhoLeavesHoldsNothing(t *testing.T) {
	d, uri, _ := openNamed(t)
	other := openAs(t, uri, "other")
	ctx, leave := context.WithCancel(t.Context())
	err := d.Transact(ctx, func(ctx context.Context) error {
		defer leave()
		return d.serialize(ctx, "shop", "test")
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("who left gets %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := other.Transact(ctx, func(ctx context.Context) error { return other.serialize(ctx, "shop", "test") }); err != nil {
		t.Errorf("the next one gets %v", err)
	}
	if met := other.Counts(); met.Conflicts != 0 {
		t.Errorf("the next one met %+v", met)
	}
}

// TestCommitOfWhoLeavesIsWaitedFor: it is under way, and somebody has to know how it ends.
func TestCommitOfWhoLeavesIsWaitedFor(t *testing.T) {
	d, uri, name := openNamed(t)
	mongotest.FailPoint(t, uri, mongotest.Failure{Commands: []string{"commitTransaction"}, AppName: name, Block: time.Second, Times: 1})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	err := d.Transact(ctx, func(ctx context.Context) error {
		time.AfterFunc(200*time.Millisecond, leave)
		return d.serialize(ctx, "shop", "test")
	})
	if err != nil || ctx.Err() == nil {
		t.Errorf("got %v, left: %v", err, ctx.Err())
	}
}

// TestCommitInDoubtIsNotRunAgain: it may have happened.
func TestCommitInDoubtIsNotRunAgain(t *testing.T) {
	for _, last := range []mongo.CommandError{{Code: 251, Labels: []string{labelTransient}}, {Code: codeWriteConflict}, {Code: 91}} {
		if err := unavailable(inDoubt(last)); !errors.Is(err, transaction.ErrUnknown) || passing(err) || unreachable(err) {
			t.Errorf("%d: got %v", last.Code, err)
		}
	}
}
