package store

import (
	"strings"
	"time"
	"unicode/utf8"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/money"
	"kassa/core/text"
)

// maxName is the most characters a store's name has.
const maxName = 100

// Store is a shop: the tenant that owns books of its own.
type Store struct {
	ID        id.Store
	Name      string
	Currency  money.Currency
	TimeZone  string
	CreatedAt time.Time
}

// New validates a new store. Validation faults name the fields.
func New(i id.ID, name, currency, timeZone string, at time.Time) (Store, error) {
	var v fault.Validation
	name = strings.TrimSpace(name)
	if err := CheckName(name, maxName); err != nil {
		v.Refuses("/name", err)
	}
	c, err := money.ParseCurrency(currency)
	v.Refuses("/currency", err)
	if _, err := time.LoadLocation(timeZone); err != nil || timeZone == "" || timeZone == "Local" {
		v.Refuse("/time_zone", "time_zone_invalid", "the time zone is an IANA name such as Europe/Berlin")
	}
	return Store{ID: id.Store(i), Name: name, Currency: c, TimeZone: timeZone, CreatedAt: at}, v.Err()
}

// CheckName returns an Invalid fault with code name_invalid unless name has 1 to most printable characters and no space around it.
func CheckName(name string, most int) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > most || !utf8.ValidString(name) || name != strings.TrimSpace(name) ||
		!text.IsLine(name) {
		return fault.New(fault.Invalid, "name_invalid", "a name has 1 to %d printable characters", most)
	}
	return nil
}
