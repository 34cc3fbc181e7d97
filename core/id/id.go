// Package id holds the identifiers of Kassa: time-ordered UUIDv7 for what is made here, any short word for what was imported.
package id

import "kassa/core/fault"

// MaxLength is the most bytes an identifier has.
const MaxLength = 64

// ID identifies one thing within a store: 1 to 64 characters of A-Z a-z 0-9 - _. Its zero value is no identifier.
type ID string

// Store identifies a shop (a tenant).
type Store string

// Source makes new identifiers. They are unique, and a later one sorts after an earlier one of the same process.
type Source interface {
	New() ID
}

// Parse returns the identifier, or an Invalid fault with code id_invalid.
func Parse(s string) (ID, error) {
	if s == "" || len(s) > MaxLength {
		return "", invalid()
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-', c == '_':
		default:
			return "", invalid()
		}
	}
	return ID(s), nil
}

func invalid() error {
	return fault.New(fault.Invalid, "id_invalid", "an id has 1 to %d characters of A-Z, a-z, 0-9, - and _", MaxLength)
}
