package mongodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kassa/core/fault"
	"kassa/core/journal"
	"kassa/core/transaction"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/description"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"
)

// Codes of server errors.
const (
	codeUnauthorized         = 13
	codeAuthenticationFailed = 18
	codeIndexNotFound        = 27
	codeNamespaceExists      = 48
	codeWriteConflict        = 112
	codeSnapshotTooOld       = 239
	codeTooLarge             = 388  // the transaction does not fit into the cache
	codeAtlasError           = 8000 // what Atlas says instead of AuthenticationFailed
)

// codesPassing are what a server answers where the same may go well the next time, beside what it labels so.
var codesPassing = []int{
	24, // LockTimeout
	codeWriteConflict,
	43,    // CursorNotFound
	175,   // QueryPlanKilled
	237,   // CursorKilled
	246,   // SnapshotUnavailable: it falls upon a change of the collections
	290,   // TransactionExceededLifetimeLimitSeconds
	365,   // TemporarilyUnavailable: the cache is full
	11601, // Interrupted: the session was ended for the sake of others, see lease.go
}

// codesAway are what a node answers that is no primary, or no longer, or ends, or has no time; and what a router does that reaches no primary in time.
var codesAway = []int{
	6,     // HostUnreachable
	7,     // HostNotFound
	89,    // NetworkTimeout
	91,    // ShutdownInProgress
	94,    // NotYetInitialized
	133,   // FailedToSatisfyReadPreference
	134,   // ReadConcernMajorityNotAvailableYet
	189,   // PrimarySteppedDown
	202,   // NetworkInterfaceExceededTimeLimit
	211,   // KeyNotFound: a set with authentication that has just started
	216,   // ElectionInProgress
	262,   // ExceededTimeLimit
	462,   // IngressRequestRateLimitExceeded
	9001,  // SocketException
	10058, // NotPrimary, legacy
	10107, // NotWritablePrimary
	11600, // InterruptedAtShutdown
	11602, // InterruptedDueToReplStateChange
	13435, // NotPrimaryNoSecondaryOk
	13436, // NotPrimaryOrSecondary
}

// labelTransient marks an error after which nothing of the transaction has happened or will.
const labelTransient = "TransientTransactionError"

func labelled(err error, label string) bool {
	var l mongo.LabeledError
	return errors.As(err, &l) && l.HasErrorLabel(label)
}

// unreachable reports whether the error says that no primary answered, or not in time. A connection that cannot be made is one, whatever the reason.
func unreachable(err error) bool {
	var unconnected topology.ConnectionError
	if errors.As(err, &unconnected) || mongo.IsNetworkError(err) || mongo.IsTimeout(err) || errors.Is(err, mongo.ErrClientDisconnected) {
		return true
	}
	return slices.ContainsFunc(codesAway, func(code int) bool { return coded(err, code) })
}

// misnamed reports whether every server that answered was left out, because it is of another replica set than the URI names, or of none.
func misnamed(err error) bool {
	var selection topology.ServerSelectionError
	return errors.As(err, &selection) && selection.Desc.Kind == description.TopologyKindReplicaSetNoPrimary && len(selection.Desc.Servers) == 0
}

// uninitiated reports whether a server answered that waits to be made a member of a set, or was started a moment ago.
func uninitiated(err error) bool {
	var selection topology.ServerSelectionError
	return errors.As(err, &selection) && slices.ContainsFunc(selection.Desc.Servers, func(s description.Server) bool { return s.Kind == description.ServerKindRSGhost })
}

// passing reports whether a callback that failed so may run again at once.
func passing(err error) bool {
	return labelled(err, labelTransient) || slices.ContainsFunc(codesPassing, func(code int) bool { return coded(err, code) })
}

// unavailable makes an Unavailable fault of what passes by itself: no primary, or a transaction that met others as often as it tried. Nothing
// was changed by what failed so. What a user without the rights is refused is one too: somebody took them, and gives them back. ErrTooLarge where
// a transaction does not fit. Other errors and faults come back as they are; contexts that ended too.
func unavailable(err error) error {
	switch {
	case err == nil, fault.IsKind(err, fault.Unavailable), errors.Is(err, context.Canceled):
		return err
	case coded(err, codeSnapshotTooOld):
		return fault.New(fault.Unavailable, "database_unavailable", "MongoDB no longer has the snapshot that is being read, because reading took too long: "+
			"raise minSnapshotHistoryWindowInSeconds on every node, and begin again").Wrap(err)
	case coded(err, codeTooLarge):
		return fmt.Errorf("%w: %w", transaction.ErrTooLarge, err)
	case coded(err, codeUnauthorized):
		return fault.New(fault.Unavailable, "database_unavailable", "the database no longer lets the server in; nothing was changed").Retry(time.Second).Wrap(discreet{err})
	case unreachable(err), passing(err):
		return fault.New(fault.Unavailable, "database_unavailable", "the database does not answer; nothing was changed").Retry(time.Second).Wrap(err)
	}
	return err
}

// broken says of a unique key that is taken, inside a transaction that replaced the head, that the books are not as the head says.
func broken(err error) error {
	if mongo.IsDuplicateKeyError(err) {
		return fmt.Errorf("%w: %w", journal.ErrBroken, discreet{err})
	}
	return err
}

// discreet leaves the values out of what a server says of a key that is taken, and of a command that it refuses. They may be somebody's address, and
// errors are logged.
type discreet struct{ error }

// Error implements error.
func (d discreet) Error() string {
	text, _, _ := strings.Cut(d.error.Error(), " dup key:")
	text, _, _ = strings.Cut(text, " to execute command")
	return text
}

// Unwrap returns the server's error.
func (d discreet) Unwrap() error { return d.error }

// assert returns ErrBroken unless a write met as many documents as there had to be.
func assert(met int64, want int, what string) error {
	if met != int64(want) {
		return fmt.Errorf("%w: %d of %d %s were there", journal.ErrBroken, met, want, what)
	}
	return nil
}
