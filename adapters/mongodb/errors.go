package mongodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"kassa/core/fault"
	"kassa/core/journal"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Codes of server errors.
const (
	codeUnauthorized           = 13
	codeAuthenticationFailed   = 18
	codeAuthenticationRequired = 8000
	codeNamespaceExists        = 48
	codeWriteConflict          = 112
	codeSnapshotUnavailable    = 246
)

// codesAway are what a node answers that is no primary, or no longer, or ends.
var codesAway = []int{
	91,    // ShutdownInProgress
	189,   // PrimarySteppedDown
	10058, // NotPrimary, legacy
	10107, // NotWritablePrimary
	11600, // InterruptedAtShutdown
	11602, // InterruptedDueToReplStateChange
	13435, // NotPrimaryNoSecondaryOk
	13436, // NotPrimaryOrSecondary
}

// The labels of errors after which something may be done again.
const (
	labelTransient = "TransientTransactionError"
	labelUnknown   = "UnknownTransactionCommitResult"
)

func labelled(err error, label string) bool {
	var l mongo.LabeledError
	return errors.As(err, &l) && l.HasErrorLabel(label)
}

// unreachable reports whether the error says that no primary answered, or not in time.
func unreachable(err error) bool {
	if mongo.IsNetworkError(err) || mongo.IsTimeout(err) || errors.Is(err, mongo.ErrClientDisconnected) {
		return true
	}
	return slices.ContainsFunc(codesAway, func(code int) bool { return coded(err, code) })
}

// unavailable makes an Unavailable fault of what passes by itself: no primary, or a transaction that met others as often as it tried. Nothing
// was changed by what failed so. Other errors and faults come back as they are; contexts that ended too.
func unavailable(err error) error {
	switch {
	case err == nil, fault.IsKind(err, fault.Unavailable), errors.Is(err, context.Canceled):
		return err
	case unreachable(err), labelled(err, labelTransient), coded(err, codeSnapshotUnavailable):
		return fault.New(fault.Unavailable, "database_unavailable", "the database does not answer; nothing was changed").Retry(time.Second).Wrap(err)
	}
	return err
}

// broken says of a unique key that is taken, inside a transaction that replaced the head, that the books are not as the head says.
func broken(err error) error {
	if mongo.IsDuplicateKeyError(err) {
		return fmt.Errorf("%w: %w", journal.ErrBroken, err)
	}
	return err
}

// assert returns ErrBroken unless a write met as many documents as there had to be.
func assert(met int64, want int, what string) error {
	if met != int64(want) {
		return fmt.Errorf("%w: %d of %d %s were there", journal.ErrBroken, met, want, what)
	}
	return nil
}
