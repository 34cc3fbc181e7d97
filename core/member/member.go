// Package member holds the customers whom a shop knows: they collect points, may be VIPs, and have a wallet. Points and wallet are accounts of
// the ledger; who a member is stays in a row of its own, where it can be erased.
package member

import (
	"time"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/user"
	"kassa/core/writer"
)

// Tier says what a member pays: VIPs have a discount.
type Tier string

// The tiers.
const (
	Regular Tier = "regular"
	VIP     Tier = "vip"
)

// ParseTier returns the tier, or an Invalid fault with code tier_invalid.
func ParseTier(s string) (Tier, error) {
	switch t := Tier(s); t {
	case Regular, VIP:
		return t, nil
	}
	return "", fault.New(fault.Invalid, "tier_invalid", "a tier is regular or vip")
}

// Snapshot is a member as a plain value, for stores and answers. What is personal is empty when the member is deleted.
type Snapshot struct {
	ID        id.ID
	Name      string // 1 to 100 characters
	Email     string // as typed; may be empty
	Phone     string // as typed; may be empty
	PINHash   string
	Tier      Tier
	Deleted   bool
	CreatedAt time.Time // record time
	Version   int64     // of name, e-mail, phone and PIN; from 1, one more with each edit
}

// Member is a customer whom the shop knows. Immutable.
type Member struct{ s Snapshot }

// Ref names a member's value. Bills are listed under it too.
func Ref(i id.ID) journal.Ref { return journal.NewRef("member", string(i)) }

// Restore makes a member from what a store kept; an error that is journal.ErrCorrupt when that breaks a rule.
func Restore(s Snapshot) (*Member, error) {
	m := &Member{s}
	if err := m.check(); err != nil {
		return nil, journal.Corrupt(err, "member "+string(s.ID))
	}
	return m, nil
}

// check holds what is true of every member.
func (m *Member) check() error {
	if _, err := id.Parse(string(m.s.ID)); err != nil {
		return err
	}
	if _, err := ParseTier(string(m.s.Tier)); err != nil {
		return err
	}
	switch {
	case m.s.Version < 1 || m.s.CreatedAt.IsZero():
		return fault.New(fault.Internal, "member_corrupt", "a member has a version and a time")
	case m.s.Deleted && m.s.Name+m.s.Email+m.s.Phone+m.s.PINHash != "":
		return fault.New(fault.Internal, "member_corrupt", "a deleted member has nothing personal")
	case m.s.Deleted:
		return nil
	case m.s.PINHash == "":
		return fault.New(fault.Internal, "member_corrupt", "a member has a PIN")
	}
	var v fault.Validation
	checkFields(&v, m.s.Name, m.s.Email, m.s.Phone)
	return v.Err()
}

// Ref implements writer.Value.
func (m *Member) Ref() journal.Ref { return Ref(m.s.ID) }

// Snapshot returns the member as a plain value.
func (m *Member) Snapshot() Snapshot { return m.s }

// ID returns the member's id.
func (m *Member) ID() id.ID { return m.s.ID }

// Name returns the member's name, or nothing when the member is deleted.
func (m *Member) Name() string { return m.s.Name }

// VIP reports whether the member pays the VIPs' price.
func (m *Member) VIP() bool { return m.s.Tier == VIP }

// Place implements page.Placed: members are listed by folded name and id.
func (m *Member) Place() []string { return []string{user.Fold(m.s.Name), string(m.s.ID)} }

// Deleted reports whether only the id is left.
func (m *Member) Deleted() bool { return m.s.Deleted }

// Version counts the edits, for optimistic locking.
func (m *Member) Version() int64 { return m.s.Version }

// Find returns the member, or the NotFound fault member_unknown, also for a deleted one.
func Find(v *writer.View, i id.ID) (*Member, error) {
	m, ok := writer.Get[*Member](v, Ref(i))
	if !ok || m.s.Deleted {
		return nil, Unknown(i)
	}
	return m, nil
}

// The kinds of the claims on what is unique among members. The ! keeps it out of records and of memory.
const (
	EmailClaim = "!member-email"
	PhoneClaim = "!member-phone"
)

// EmailRef names the claim on an e-mail address.
func EmailRef(email string) journal.Ref { return journal.NewRef(EmailClaim, user.Fold(email)) }

// PhoneRef names the claim on a phone number.
func PhoneRef(phone string) journal.Ref { return journal.NewRef(PhoneClaim, Digits(phone)) }
