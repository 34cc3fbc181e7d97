package member

import (
	"strings"

	"kassa/core/fault"
	"kassa/core/user"
)

// The bounds of a phone number.
const (
	MaxPhone  = 40 // characters as typed
	minDigits = 3
	maxDigits = 20
	pinDigits = 6
)

func checkFields(v *fault.Validation, name, email, phone string) {
	v.Refuses("/name", user.CheckName(name))
	if email != "" {
		v.Refuses("/email", user.CheckEmail(email))
	}
	if phone != "" {
		v.Refuses("/phone", CheckPhone(phone))
	}
}

// Digits returns a phone number as it is compared: its digits, behind a + where it begins with one. A text without digits gives nothing.
func Digits(phone string) string {
	var b strings.Builder
	for _, r := range phone {
		if r >= '0' && r <= '9' || r == '+' && b.Len() == 0 {
			b.WriteRune(r)
		}
	}
	if b.String() == "+" {
		return ""
	}
	return b.String()
}

// PhonePart returns the digits of a text that may be a part of a phone number, as Digits does, and nothing for another text.
func PhonePart(text string) string {
	if strings.ContainsFunc(text, oddInPhone) {
		return ""
	}
	return Digits(text)
}

// oddInPhone reports what no phone number has.
func oddInPhone(r rune) bool { return !strings.ContainsRune("0123456789 -./()+", r) }

// CheckPhone returns an Invalid fault with code phone_invalid unless the text has 3 to 20 digits and beside them only spaces, - . / ( ) and a
// leading +.
func CheckPhone(phone string) error {
	n := len(strings.TrimPrefix(Digits(phone), "+"))
	if n < minDigits || n > maxDigits || len(phone) > MaxPhone || strings.ContainsFunc(phone, oddInPhone) || strings.LastIndexByte(phone, '+') > 0 {
		return fault.New(fault.Invalid, "phone_invalid", "a phone number has %d to %d digits, such as +49 30 901820", minDigits, maxDigits)
	}
	return nil
}

// CheckPIN returns an Invalid fault with code pin_invalid unless the PIN is exactly six ASCII digits.
func CheckPIN(pin string) error {
	if len(pin) != pinDigits || strings.ContainsFunc(pin, func(r rune) bool { return r < '0' || r > '9' }) {
		return fault.New(fault.Invalid, "pin_invalid", "a PIN is exactly %d digits", pinDigits)
	}
	return nil
}
