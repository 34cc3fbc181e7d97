package member

import (
	"context"
	"errors"
	"strings"

	"kassa/core/audit"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/ledger"
	"kassa/core/money"
	"kassa/core/page"
	"kassa/core/user"
	"kassa/core/writer"
)

// Config is what a Service needs.
type Config struct {
	Writer   *writer.Writer
	Members  Repository
	Ledger   ledger.Repository
	Hasher   user.Hasher
	Tokens   Tokens
	Throttle user.Throttle
}

// Service holds the use cases of members.
type Service struct {
	c     Config
	turns *user.Turns
}

// NewService returns the service.
func NewService(c Config) *Service { return &Service{c: c, turns: user.NewTurns()} }

// Standing is a member with what the ledger holds for them.
type Standing struct {
	Member *Member
	Points money.Amount // below zero when points were spent that a refund took back
	Wallet money.Amount // in minor units of the store's currency
}

// Register is the command to add a member.
type Register struct {
	Name  string
	Email string // may be empty
	Phone string // may be empty
	PIN   string
}

func (c *Register) check() error {
	c.Name, c.Email, c.Phone = strings.TrimSpace(c.Name), strings.TrimSpace(c.Email), strings.TrimSpace(c.Phone)
	var v fault.Validation
	checkFields(&v, c.Name, c.Email, c.Phone)
	v.Refuses("/pin", CheckPIN(c.PIN))
	return v.Err()
}

// Register adds a member. Faults: validation_failed, email_taken, phone_taken, busy.
func (s *Service) Register(ctx context.Context, st id.Store, c Register) (Standing, error) {
	if err := c.check(); err != nil {
		return Standing{}, err
	}
	release, err := s.turns.Take(ctx, c.turns()...)
	if err != nil {
		return Standing{}, err
	}
	defer release()
	next := Snapshot{Name: c.Name, Email: c.Email, Phone: c.Phone}
	if err := s.free(ctx, st, next); err != nil {
		return Standing{}, err
	}
	if next.PINHash, err = s.c.Hasher.Hash(ctx, c.PIN); err != nil {
		return Standing{}, err
	}
	r, err := s.c.Writer.Do(ctx, st, &registerOperation{next})
	if err != nil {
		return Standing{}, err
	}
	return s.Get(ctx, st, r.Record.ID)
}

// turns names what no two may register at once; a member without e-mail and phone waits like everybody else.
func (c *Register) turns() []string {
	if c.Email == "" && c.Phone == "" {
		return []string{c.Name}
	}
	return []string{user.Fold(c.Email), Digits(c.Phone)}
}

// free refuses what somebody else has, before time is spent on it. What counts is what the operation finds.
func (s *Service) free(ctx context.Context, st id.Store, next Snapshot) error {
	return s.c.Writer.Read(ctx, st, func(v *writer.View) error {
		_, err := claims(v, Snapshot{}, next)
		return err
	})
}

// Edit is the command to change a member; what is nil stays, and an empty e-mail or phone is removed.
type Edit struct {
	ID      id.ID
	Version int64 // that was seen
	Name    *string
	Email   *string
	Phone   *string
	PIN     *string
	OldPIN  *string // needed for a new PIN unless the actor is a manager
	Address string  // of the client, for the throttle of the old PIN
}

func (c *Edit) check() error {
	var v fault.Validation
	name, email, phone := "unchanged", "", ""
	for _, f := range []struct {
		given **string
		text  *string
	}{{&c.Name, &name}, {&c.Email, &email}, {&c.Phone, &phone}} {
		if *f.given != nil {
			*f.text = strings.TrimSpace(**f.given)
			*f.given = f.text
		}
	}
	checkFields(&v, name, email, phone)
	if c.PIN != nil {
		v.Refuses("/pin", CheckPIN(*c.PIN))
	}
	return v.Err()
}

// Edit changes a member. Faults: validation_failed, member_unknown, version_stale, email_taken, phone_taken; for the PIN the Forbidden faults
// old_pin_required and pin_wrong, too_many_attempts, busy.
func (s *Service) Edit(ctx context.Context, st id.Store, c Edit) (Standing, error) {
	if err := c.check(); err != nil {
		return Standing{}, err
	}
	o := &editOperation{c: c}
	if c.PIN != nil {
		var err error
		if o.oldHash, err = s.mayChangePIN(ctx, st, c); err != nil {
			return Standing{}, err
		}
		release, err := s.turns.Take(ctx, string(c.ID))
		if err != nil {
			return Standing{}, err
		}
		defer release()
		if o.pinHash, err = s.c.Hasher.Hash(ctx, *c.PIN); err != nil {
			return Standing{}, err
		}
	}
	if _, err := s.c.Writer.Do(ctx, st, o); err != nil && !errors.Is(err, errUnchanged) {
		return Standing{}, err
	}
	return s.Get(ctx, st, c.ID)
}

// mayChangePIN returns nothing for a manager who gives no old PIN, and else the hash that the old PIN was compared with.
func (s *Service) mayChangePIN(ctx context.Context, st id.Store, c Edit) (string, error) {
	if c.OldPIN == nil {
		if a := audit.From(ctx); a.Role == string(user.Cashier) {
			return "", oldPINRequired()
		}
		return "", nil
	}
	m, err := s.find(ctx, st, c.ID)
	if err != nil {
		return "", err
	}
	err = s.try(ctx, st, string(m.s.ID), c.Address, m.s.PINHash, *c.OldPIN)
	if fault.IsCode(err, "login_failed") {
		err = pinWrong()
	}
	return m.s.PINHash, err
}

// Delete is the command to remove a member.
type Delete struct {
	ID      id.ID
	Version int64 // that was seen
}

// Delete erases what is personal of a member; bills and points stay under the id. The actor is a manager. Faults: member_unknown, version_stale,
// wallet_not_empty, forbidden.
func (s *Service) Delete(ctx context.Context, st id.Store, c Delete) error {
	_, err := s.c.Writer.Do(ctx, st, &deleteOperation{c})
	return err
}

// SetTier moves the member, whose token it must be, to a tier; points stay, and it may be repeated. Faults: member_token_invalid,
// member_token_foreign.
func (s *Service) SetTier(ctx context.Context, st id.Store, i id.ID, t Tier, token string) (Standing, error) {
	word, err := s.c.Tokens.Verify(st, token)
	if err == nil && word.Member != i {
		err = TokenForeign()
	}
	if err != nil {
		return Standing{}, err
	}
	if _, err := s.c.Writer.Do(ctx, st, &tierOperation{word: word, tier: t}); err != nil && !errors.Is(err, errUnchanged) {
		return Standing{}, err
	}
	return s.Get(ctx, st, i)
}

// Get returns a member; member_unknown.
func (s *Service) Get(ctx context.Context, st id.Store, i id.ID) (out Standing, err error) {
	err = s.c.Writer.Read(ctx, st, func(v *writer.View) error {
		out.fill(v, i)
		out.Member, err = Find(v, i)
		return err
	})
	return out, err
}

func (o *Standing) fill(v *writer.View, i id.ID) {
	points, _ := writer.Get[*ledger.Account](v, ledger.PointsOf(i).Ref())
	wallet, _ := writer.Get[*ledger.Account](v, ledger.WalletOf(i).Ref())
	o.Points, o.Wallet = points.Balance(), wallet.Balance()
}

// List returns the members who are found, by name.
func (s *Service) List(ctx context.Context, st id.Store, q Search, p page.Request) (page.List[Standing], error) {
	var out page.List[Standing]
	err := s.c.Writer.Snapshot(ctx, func(ctx context.Context) error {
		found, err := s.c.Members.List(ctx, st, q, p)
		if err != nil {
			return err
		}
		out = page.List[Standing]{Items: make([]Standing, len(found.Items)), Next: found.Next}
		return s.c.Writer.Read(ctx, st, func(v *writer.View) error {
			for i, m := range found.Items {
				out.Items[i].Member = m
				out.Items[i].fill(v, m.s.ID)
			}
			return nil
		})
	})
	return out, err
}

// Statement is the balance of one of a member's accounts and a page of its history.
type Statement struct {
	Balance money.Amount
	History page.List[ledger.Posting]
}

// Points returns the member's points and what changed them, newest first; member_unknown.
func (s *Service) Points(ctx context.Context, st id.Store, i id.ID, p page.Request) (Statement, error) {
	return s.statement(ctx, st, i, ledger.PointsOf(i), p)
}

// Wallet returns what is in the member's wallet and what changed it, newest first; member_unknown.
func (s *Service) Wallet(ctx context.Context, st id.Store, i id.ID, p page.Request) (Statement, error) {
	return s.statement(ctx, st, i, ledger.WalletOf(i), p)
}

// statement reads balance and history in one snapshot.
func (s *Service) statement(ctx context.Context, st id.Store, i id.ID, a ledger.ID, p page.Request) (out Statement, err error) {
	err = s.c.Writer.Snapshot(ctx, func(ctx context.Context) error {
		err := s.c.Writer.Read(ctx, st, func(v *writer.View) error {
			account, _ := writer.Get[*ledger.Account](v, a.Ref())
			out.Balance = account.Balance()
			_, err := Find(v, i)
			return err
		})
		if err == nil {
			out.History, err = s.c.Ledger.Postings(ctx, st, a, p)
		}
		return err
	})
	return out, err
}
