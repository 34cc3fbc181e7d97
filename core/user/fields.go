package user

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"kassa/core/fault"
	"kassa/core/text"
)

// The bounds of a user's fields.
const (
	MaxName     = 100 // characters
	MaxEmail    = 254 // bytes, RFC 5321
	MinPassword = 8   // bytes
	MaxPassword = 72  // bytes; bcrypt looks at no more
)

// CheckName returns an Invalid fault with code name_invalid unless the name has 1 to 100 printable characters and no space around it.
func CheckName(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > MaxName || !utf8.ValidString(name) || name != strings.TrimSpace(name) ||
		!text.IsLine(name) {
		return fault.New(fault.Invalid, "name_invalid", "a name has 1 to %d printable characters", MaxName)
	}
	return nil
}

// CheckEmail returns an Invalid fault with code email_invalid unless the text has the shape of an e-mail address: something, an @, and a
// domain of labels; at most 254 bytes, without spaces and control characters. Whether mail arrives there is not asked.
func CheckEmail(email string) error {
	at := strings.LastIndexByte(email, '@')
	domain := email[at+1:]
	if at < 1 || at > 64 || len(email) > MaxEmail || !utf8.ValidString(email) || strings.Contains(email[:at], "@") ||
		strings.ContainsFunc(email, odd) || strings.HasPrefix(domain, "-") || domain == "" {
		return emailInvalid()
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 {
			return emailInvalid()
		}
	}
	return nil
}

func emailInvalid() error {
	return fault.New(fault.Invalid, "email_invalid", "an e-mail address looks like name@example.com and has at most %d bytes", MaxEmail)
}

// odd reports what no e-mail address has without quotes.
func odd(r rune) bool {
	return unicode.IsSpace(r) || !unicode.IsGraphic(r) || strings.ContainsRune(`"(),:;<>[\]`, r)
}

// CheckPassword returns an Invalid fault with code password_invalid unless the password has 8 to 72 bytes and no NUL character.
func CheckPassword(password string) error {
	if len(password) < MinPassword || len(password) > MaxPassword || strings.IndexByte(password, 0) >= 0 {
		return fault.New(fault.Invalid, "password_invalid", "a password has %d to %d bytes", MinPassword, MaxPassword)
	}
	return nil
}

// Fold returns the text as it is compared: whatever the letter case, also of letters with several small forms.
func Fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }
