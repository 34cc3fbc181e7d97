package mongodb

import (
	"errors"
	"strings"
	"testing"

	"kassa/core/fault"
	"kassa/core/journal"
	"kassa/core/transaction"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// TestTakenKeyIsNamedWithoutItsValue: the error is logged, and the value may be somebody's address.
func TestTakenKeyIsNamedWithoutItsValue(t *testing.T) {
	taken := mongo.WriteException{WriteErrors: []mongo.WriteError{{Code: 11000,
		Message: `E11000 duplicate key error collection: kassa.members index: emails dup key: { _id.s: "shop", email_key: "mia@member.test" }`}}}
	err := broken(taken)
	if !errors.Is(err, journal.ErrBroken) || !mongo.IsDuplicateKeyError(err) {
		t.Errorf("it is no longer what it was: %v", err)
	}
	if text := err.Error(); strings.Contains(text, "mia") || !strings.Contains(text, "kassa.members index: emails") {
		t.Errorf("it says %s", text)
	}
}

// TestRefusedCommandIsNamedWithoutItsValues: rights that are taken from a server's user are given back, and meanwhile its log holds no addresses.
func TestRefusedCommandIsNamedWithoutItsValues(t *testing.T) {
	err := unavailable(mongo.CommandError{Code: 13, Name: "Unauthorized",
		Message: `not authorized on kassa to execute command { find: "users", filter: { email_key: "mia@member.test" } }`})
	f, _ := fault.As(err)
	if f == nil || f.Code != "database_unavailable" || f.RetryAfter == 0 {
		t.Fatalf("got %v", err)
	}
	if text := errors.Unwrap(f).Error(); strings.Contains(text, "mia") || !strings.Contains(text, "not authorized on kassa") {
		t.Errorf("the log gets %s", text)
	}
}

// TestWhatPassesByItselfIsNoErrorOfTheServer: whoever asks is told to ask again.
func TestWhatPassesByItselfIsNoErrorOfTheServer(t *testing.T) {
	for name, code := range map[string]int32{
		"HostUnreachable": 6, "HostNotFound": 7, "MaxTimeMSExpired": 50, "NetworkTimeout": 89, "ShutdownInProgress": 91, "WriteConflict": 112,
		"FailedToSatisfyReadPreference": 133, "PrimarySteppedDown": 189, "NetworkInterfaceExceededTimeLimit": 202, "SnapshotTooOld": 239,
		"ExceededTimeLimit": 262, "TemporarilyUnavailable": 365, "IngressRequestRateLimitExceeded": 462, "SocketException": 9001, "NotWritablePrimary": 10107,
	} {
		if err := unavailable(mongo.CommandError{Code: code, Name: name}); !fault.IsCode(err, "database_unavailable") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := unavailable(mongo.BulkWriteException{WriteErrors: []mongo.BulkWriteError{{WriteError: mongo.WriteError{Code: 388}}}}); !errors.Is(err, transaction.ErrTooLarge) {
		t.Errorf("a transaction that does not fit: got %v", err)
	}
	if err := unavailable(mongo.CommandError{Code: 2, Name: "BadValue"}); fault.IsKind(err, fault.Unavailable) {
		t.Errorf("an error of Kassa's own: got %v", err)
	}
}
