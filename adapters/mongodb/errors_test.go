package mongodb

import (
	"errors"
	"strings"
	"testing"

	"kassa/core/journal"

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
