package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kassa/core/id"
	"kassa/core/ledger"
	"kassa/core/member"
	"kassa/core/page"
	"kassa/core/user"
	"kassa/core/writer"
)

var memberRules = []rule{
	{"a member's e-mail and phone are given once, in parallel", aMembersEmailAndPhoneAreGivenOnceInParallel},
	{"members may lack e-mail and phone", membersMayLackEmailAndPhone},
	{"fields of members are checked", fieldsOfMembers},
	{"a member proves the PIN by id, e-mail or phone", aMemberProvesThePINByIDEmailOrPhone},
	{"every wrong PIN looks the same and is throttled", everyWrongPINLooksTheSameAndIsThrottled},
	{"a PIN is changed with the old one or by a manager", aPINIsChangedWithTheOldOneOrByAManager},
	{"an edit changes what it names", memberEditChangesWhatItNames},
	{"VIP up and down keep points and need the member's token", vipUpAndDownKeepPointsAndNeedTheMembersToken},
	{"a member token is never a user token", aMemberTokenIsNeverAUserToken},
	{"a deleted member leaves nothing personal", aDeletedMemberLeavesNothingPersonal},
	{"a search takes any part as plain text", searchTakesAnyPartAsPlainText},
	{"points and wallet tell their history", pointsAndWalletTellTheirHistory},
}

const pin = "123456"

func (p *people) join(t testing.TB, c member.Register) *member.Member {
	t.Helper()
	if c.PIN == "" {
		c.PIN = pin
	}
	return must[member.Standing](t)(p.members.Register(as(t, p.boss), p.id, c)).Member
}

func (p *people) prove(t testing.TB, c member.Prove) member.Session {
	t.Helper()
	if c.PIN == "" {
		c.PIN = pin
	}
	return must[member.Session](t)(p.members.Prove(as(t, p.boss), p.id, c))
}

func aMembersEmailAndPhoneAreGivenOnceInParallel(t *testing.T, d *database) {
	p := d.people(t)
	for round := range 20 {
		byEmail := outcomes(20, func(i int) error {
			email := fmt.Sprintf("Anna%d@example.com", round)
			if i%2 == 1 {
				email = strings.ToLower(email)
			}
			_, err := p.members.Register(as(t, p.boss), p.id, member.Register{Name: "Anna", Email: email, PIN: pin})
			return err
		})
		byPhone := outcomes(20, func(i int) error {
			phone := fmt.Sprintf([]string{"+49 170 %03d-45", "+49(170)%03d 4 5"}[i%2], round)
			_, err := p.members.Register(as(t, p.boss), p.id, member.Register{Name: "Bert", Phone: phone, PIN: pin})
			return err
		})
		if byEmail[""] != 1 || byEmail["email_taken"] != 19 || byPhone[""] != 1 || byPhone["phone_taken"] != 19 {
			t.Fatalf("round %d: %v and %v", round, byEmail, byPhone)
		}
	}
	if n := p.hasher.hashed.Load(); n != 41 {
		t.Errorf("%d secrets were hashed for 40 members and the manager", n)
	}
	p.verify(t)
}

func membersMayLackEmailAndPhone(t *testing.T, d *database) {
	p := d.people(t)
	a, b := p.join(t, member.Register{Name: "Anna"}), p.join(t, member.Register{Name: "Bert"})
	if a.ID() == b.ID() || a.VIP() || a.Snapshot().Tier != member.Regular {
		t.Errorf("got %+v and %+v", a.Snapshot(), b.Snapshot())
	}
	p.hire(t, "anna@example.com", user.Cashier)
	p.join(t, member.Register{Name: "Anna", Email: "anna@example.com"}) // users and members are apart
}

func fieldsOfMembers(t *testing.T, d *database) {
	p := d.people(t)
	good := member.Register{Name: "Eve", Email: "eve@example.com", Phone: "+49 170 1234567", PIN: pin}
	for name, c := range map[string]struct {
		change func(c *member.Register)
		field  string
	}{
		"no name":           {func(c *member.Register) { c.Name = "" }, "/name"},
		"bad e-mail":        {func(c *member.Register) { c.Email = "eve" }, "/email"},
		"letters in phone":  {func(c *member.Register) { c.Phone = "0170 CALL" }, "/phone"},
		"two digits":        {func(c *member.Register) { c.Phone = "+12" }, "/phone"},
		"21 digits":         {func(c *member.Register) { c.Phone = strings.Repeat("1", 21) }, "/phone"},
		"plus inside":       {func(c *member.Register) { c.Phone = "12+345" }, "/phone"},
		"no PIN":            {func(c *member.Register) { c.PIN = "" }, "/pin"},
		"five digits":       {func(c *member.Register) { c.PIN = "12345" }, "/pin"},
		"seven digits":      {func(c *member.Register) { c.PIN = "1234567" }, "/pin"},
		"letter":            {func(c *member.Register) { c.PIN = "12345a" }, "/pin"},
		"digits, not ASCII": {func(c *member.Register) { c.PIN = "١٢٣٤٥٦" }, "/pin"},
		"six bytes":         {func(c *member.Register) { c.PIN = "١٢34" }, "/pin"},
		"space":             {func(c *member.Register) { c.PIN = " 12345" }, "/pin"},
		"sign":              {func(c *member.Register) { c.PIN = "-12345" }, "/pin"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			c.change(&bad)
			_, err := p.members.Register(as(t, p.boss), p.id, bad)
			wantFields(t, err, c.field)
		})
	}
	if m := p.join(t, good).Snapshot(); m.Name != good.Name || m.Email != good.Email || m.Phone != good.Phone || m.CreatedAt.IsZero() {
		t.Errorf("got %+v", m)
	}
}

func aMemberProvesThePINByIDEmailOrPhone(t *testing.T, d *database) {
	p := d.people(t)
	m := p.join(t, member.Register{Name: "Anna", Email: "anna@example.com", Phone: "+49 170 123"})
	for _, c := range []member.Prove{{Member: m.ID()}, {Email: "ANNA@example.com"}, {Phone: "+49/170-123"}} {
		s := p.prove(t, c)
		who, _ := must2(t)(p.members.Verify(t.Context(), p.id, s.Token))
		if s.Member.Member.ID() != m.ID() || s.ExpiresIn != 5*time.Minute || who != m.ID() {
			t.Errorf("%+v: got %+v for %s", c, s, who)
		}
	}
	for _, c := range []member.Prove{{}, {Member: m.ID(), Phone: "+49 170 123"}} {
		c.PIN = pin
		_, err := p.members.Prove(t.Context(), p.id, c)
		wantFields(t, err, "/member_id")
	}
}

func must2(t testing.TB) func(id.ID, id.ID, error) (id.ID, id.ID) {
	return func(a, b id.ID, err error) (id.ID, id.ID) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return a, b
	}
}

func everyWrongPINLooksTheSameAndIsThrottled(t *testing.T, d *database) {
	p := d.people(t)
	m := p.join(t, member.Register{Name: "Anna", Email: "anna@example.com", Phone: "+49 170 123"})
	answers := map[string]bool{}
	for i, c := range []member.Prove{
		{Member: m.ID(), PIN: "654321"}, {Email: "anna@example.com", PIN: "65432"}, {Phone: "+49170123", PIN: "hash of"},
		{Member: "nobody", PIN: pin}, {Email: "nobody@example.com", PIN: pin}, {Phone: "999", PIN: pin}, {Phone: "no number", PIN: pin},
	} {
		before := p.hasher.compared.Load()
		c.Address = fmt.Sprintf("192.0.2.%d", i)
		_, err := p.members.Prove(t.Context(), p.id, c)
		wantCode(t, err, "login_failed")
		answers[err.Error()] = true
		if n := p.hasher.compared.Load() - before; n != 1 {
			t.Errorf("%+v compared %d times", c, n)
		}
	}
	if len(answers) != 1 {
		t.Errorf("the answers differ: %v", answers)
	}
	for i := range 5 { // by whatever name, it is one account
		c := []member.Prove{{Member: m.ID()}, {Email: "anna@example.com"}, {Phone: "+49170123"}}[i%3]
		c.PIN, c.Address = "000000", "192.0.2.99"
		_, err := p.members.Prove(t.Context(), p.id, c)
		wantCode(t, err, "login_failed")
	}
	_, err := p.members.Prove(t.Context(), p.id, member.Prove{Email: "anna@example.com", PIN: pin, Address: "192.0.2.99"})
	wantCode(t, err, "too_many_attempts")
	if p.throttle.open != 0 {
		t.Errorf("%d attempts never ended", p.throttle.open)
	}
}

func aPINIsChangedWithTheOldOneOrByAManager(t *testing.T, d *database) {
	p := d.people(t)
	cashier := p.hire(t, "cashier@example.com", user.Cashier)
	m := p.join(t, member.Register{Name: "Anna"})
	next, old, wrong, short := "222222", pin, "000000", "22222"
	change := func(u *user.User, version int64, pin, old *string) error {
		_, err := p.members.Edit(as(t, u), p.id, member.Edit{ID: m.ID(), Version: version, PIN: pin, OldPIN: old, Address: "192.0.2.1"})
		return err
	}
	wantCode(t, change(cashier, 1, &next, nil), "old_pin_required")
	wantCode(t, change(cashier, 1, &next, &wrong), "pin_wrong")
	wantFields(t, change(cashier, 1, &short, &old), "/pin")
	wantCode(t, change(p.boss, 1, &next, &wrong), "pin_wrong") // a manager who gives an old PIN gives the right one
	if err := change(cashier, 1, &next, &old); err != nil {
		t.Fatal(err)
	}
	p.prove(t, member.Prove{Member: m.ID(), PIN: next})
	_, err := p.members.Prove(t.Context(), p.id, member.Prove{Member: m.ID(), PIN: old})
	wantCode(t, err, "login_failed")
	if err := change(p.boss, 2, &old, nil); err != nil {
		t.Fatal(err)
	}
	p.prove(t, member.Prove{Member: m.ID(), PIN: old})
	// A manager who was demoted since is asked again when the change is applied.
	demoted, role := p.hire(t, "demoted@example.com", user.Manager), user.Cashier
	must[*user.User](t)(p.users.Edit(as(t, p.boss), p.id, user.Edit{ID: demoted.ID(), Version: 1, Role: &role}))
	wantCode(t, change(demoted, 3, &next, nil), "forbidden")
	p.verify(t)
}

func memberEditChangesWhatItNames(t *testing.T, d *database) {
	p := d.people(t)
	m := p.join(t, member.Register{Name: "Anna", Email: "anna@example.com", Phone: "+49 170 123"})
	p.join(t, member.Register{Name: "Bert", Email: "bert@example.com", Phone: "+49 170 456"})
	name, none, taken, number := "Anna B.", "", "BERT@example.com", "0049 170 789"
	edit := func(c member.Edit) (member.Standing, error) {
		c.ID = m.ID()
		return p.members.Edit(as(t, p.boss), p.id, c)
	}
	after := must[member.Standing](t)(edit(member.Edit{Version: 1, Name: &name, Phone: &none})).Member.Snapshot()
	want := m.Snapshot()
	want.Name, want.Phone, want.Version = name, "", 2
	if after != want {
		t.Errorf("got %+v, want %+v", after, want)
	}
	_, err := edit(member.Edit{Version: 2, Email: &taken})
	wantCode(t, err, "email_taken")
	_, err = edit(member.Edit{Version: 1, Name: &name})
	wantCode(t, err, "version_stale")
	same := must[member.Standing](t)(edit(member.Edit{Version: 2, Name: &name})).Member
	if same.Version() != 2 {
		t.Errorf("an edit that changes nothing made version %d", same.Version())
	}
	must[member.Standing](t)(edit(member.Edit{Version: 2, Phone: &number}))
	p.join(t, member.Register{Name: "Carl", Phone: "+49 170 123"}) // free again
	p.verify(t)
}

func vipUpAndDownKeepPointsAndNeedTheMembersToken(t *testing.T, d *database) {
	p := d.people(t)
	m, other := p.join(t, member.Register{Name: "Anna"}), p.join(t, member.Register{Name: "Bert"})
	must[writer.Result](t)(p.w.Do(t.Context(), p.id, &grant{account: ledger.PointsOf(m.ID()), unit: ledger.PointsUnit, amount: 300}))
	token := p.prove(t, member.Prove{Member: m.ID()}).Token
	set := func(i id.ID, tier member.Tier, token string) (member.Standing, error) {
		return p.members.SetTier(as(t, p.boss), p.id, i, tier, token)
	}
	for _, tier := range []member.Tier{member.VIP, member.VIP, member.Regular, member.Regular, member.VIP} {
		s := must[member.Standing](t)(set(m.ID(), tier, token))
		if s.Member.Snapshot().Tier != tier || s.Points != 300 || s.Member.Version() != 1 {
			t.Errorf("%s: got %+v with %d points", tier, s.Member.Snapshot(), s.Points)
		}
	}
	_, err := set(other.ID(), member.VIP, token)
	wantCode(t, err, "member_token_foreign")
	for _, bad := range []string{"", "nonsense", p.login(t, "boss@example.com").AccessToken} {
		_, err = set(m.ID(), member.Regular, bad)
		wantCode(t, err, "member_token_invalid")
	}
	if s := must[member.Standing](t)(p.members.Get(t.Context(), p.id, other.ID())); s.Member.VIP() {
		t.Error("another's token changed the tier")
	}
	_, jti := must2(t)(p.members.Verify(t.Context(), p.id, token))
	must[writer.Result](t)(p.w.Do(t.Context(), p.id, &grant{account: ledger.PointsOf(m.ID()), unit: ledger.PointsUnit, amount: 1, token: jti}))
	_, err = set(m.ID(), member.Regular, token)
	wantCode(t, err, "member_token_invalid") // spent
	fresh := p.prove(t, member.Prove{Member: m.ID()}).Token
	p.clock.Add(5 * time.Minute)
	_, err = set(m.ID(), member.Regular, fresh)
	wantCode(t, err, "member_token_invalid") // expired
}

func aMemberTokenIsNeverAUserToken(t *testing.T, d *database) {
	p := d.people(t)
	m := p.join(t, member.Register{Name: "Anna"})
	_, err := p.users.Authenticate(t.Context(), p.prove(t, member.Prove{Member: m.ID()}).Token)
	wantCode(t, err, "token_invalid")
	_, _, err = p.members.Verify(t.Context(), p.id, p.login(t, "boss@example.com").AccessToken)
	wantCode(t, err, "member_token_invalid")
	_, _, err = p.members.Verify(t.Context(), "elsewhere", p.prove(t, member.Prove{Member: m.ID()}).Token)
	wantCode(t, err, "member_token_invalid")
}

func aDeletedMemberLeavesNothingPersonal(t *testing.T, d *database) { d.people(t).deleteMember(t) }

// deleteMember deletes a member among many.
func (p *people) deleteMember(t testing.TB) {
	t.Helper()
	c := member.Register{Name: "Wilhelmina Unmistakable", Email: Unmistakable, Phone: "+49 170 987 654 321", PIN: "918273"}
	m := p.join(t, c)
	for i := range 200 { // so that pages split around the row
		p.join(t, member.Register{Name: "Other", Email: fmt.Sprintf("other%d@example.com", i*7%200)})
	}
	must[writer.Result](t)(p.w.Do(t.Context(), p.id, &grant{account: ledger.PointsOf(m.ID()), unit: ledger.PointsUnit, amount: 300}))
	token := p.prove(t, member.Prove{Member: m.ID(), PIN: c.PIN}).Token
	cashier := p.hire(t, "cashier@example.com", user.Cashier)
	wantCode(t, p.members.Delete(as(t, cashier), p.id, member.Delete{ID: m.ID(), Version: 1}), "forbidden")
	wantCode(t, p.members.Delete(as(t, p.boss), p.id, member.Delete{ID: m.ID(), Version: 2}), "version_stale")
	if err := p.members.Delete(as(t, p.boss), p.id, member.Delete{ID: m.ID(), Version: 1}); err != nil {
		t.Fatal(err)
	}
	_, err := p.members.Get(t.Context(), p.id, m.ID())
	wantCode(t, err, "member_unknown")
	_, err = p.members.Points(t.Context(), p.id, m.ID(), page.Request{Limit: 1})
	wantCode(t, err, "member_unknown")
	_, _, err = p.members.Verify(t.Context(), p.id, token)
	wantCode(t, err, "member_token_invalid")
	_, err = p.members.SetTier(as(t, p.boss), p.id, m.ID(), member.VIP, token)
	wantCode(t, err, "member_token_invalid")
	_, err = p.members.Prove(t.Context(), p.id, member.Prove{Member: m.ID(), PIN: c.PIN})
	wantCode(t, err, "login_failed")
	for _, r := range p.records(t) {
		if text := string(r.Encoded()); strings.Contains(text, "nmistakable") || strings.Contains(text, "987 654") || strings.Contains(text, "hash of") {
			t.Errorf("record %d holds personal data: %s", r.Position, text)
		}
	}
	p.verify(t)
}

// DeletePeople deletes a user and a member in an empty database, each among 200 others, and returns what was theirs alone: a database may look
// whether it is still there.
func DeletePeople(t *testing.T, open Open) []string {
	d := open.database(t)
	d.people(t).deleteUser(t)
	d.people(t).deleteMember(t)
	return []string{"nmistakable", "NMISTAKABLE", "987654321", "987 654", "918273"}
}

func searchTakesAnyPartAsPlainText(t *testing.T, d *database) {
	p := d.people(t)
	for _, c := range []member.Register{
		{Name: "Élodie (Paris)", Email: "elodie@example.com", Phone: "+33 1 23 45 67"},
		{Name: "anna", Email: "Anna.B@Example.org", Phone: "030/901820"},
		{Name: "Bert .* 100%", Email: "bert@example.com"},
		{Name: "Carl_X"},
	} {
		p.join(t, c)
	}
	gone := p.join(t, member.Register{Name: "Anna gone"})
	if err := p.members.Delete(as(t, p.boss), p.id, member.Delete{ID: gone.ID(), Version: 1}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		q    member.Search
		want string
	}{
		{member.Search{}, "anna, Bert .* 100%, Carl_X, Élodie (Paris)"},
		{member.Search{Query: "ANN"}, "anna"},
		{member.Search{Query: "éLOD"}, "Élodie (Paris)"},
		{member.Search{Query: "example.COM"}, "Bert .* 100%, Élodie (Paris)"},
		{member.Search{Query: "(p"}, "Élodie (Paris)"},
		{member.Search{Query: ".*"}, "Bert .* 100%"},
		{member.Search{Query: "%"}, "Bert .* 100%"},
		{member.Search{Query: "_"}, "Carl_X"},
		{member.Search{Query: "$"}, ""},
		{member.Search{Query: "3 1-23"}, "Élodie (Paris)"},
		{member.Search{Query: "901 820"}, "anna"},
		{member.Search{Phone: "030 90"}, "anna"},
		{member.Search{Phone: "+33"}, "Élodie (Paris)"},
		{member.Search{Phone: "anna"}, ""},
		{member.Search{Email: "anna.b@example.ORG"}, "anna"},
		{member.Search{Email: "example", Phone: "030"}, "anna"},
		{member.Search{Email: "paris"}, ""},
	} {
		var names []string
		for after := ""; ; {
			l := must[page.List[member.Standing]](t)(p.members.List(t.Context(), p.id, c.q, page.Request{Limit: 1, After: after}))
			for _, m := range l.Items {
				names = append(names, m.Member.Name())
			}
			if after = l.Next; after == "" {
				break
			}
		}
		if got := strings.Join(names, ", "); got != c.want {
			t.Errorf("%+v found %s, want %s", c.q, got, c.want)
		}
	}
}

func pointsAndWalletTellTheirHistory(t *testing.T, d *database) {
	p := d.people(t)
	m := p.join(t, member.Register{Name: "Anna"})
	var ids []id.ID
	for _, amount := range []int64{300, 200, -100} {
		r := must[writer.Result](t)(p.w.Do(t.Context(), p.id, &grant{account: ledger.PointsOf(m.ID()), unit: ledger.PointsUnit, amount: amount}))
		ids = append(ids, r.Record.ID)
	}
	must[writer.Result](t)(p.w.Do(t.Context(), p.id, &grant{account: ledger.WalletOf(m.ID()), unit: "EUR", amount: 5000}))
	first := must[member.Statement](t)(p.members.Points(t.Context(), p.id, m.ID(), page.Request{Limit: 2}))
	if first.Balance != 400 || len(first.History.Items) != 2 || first.History.Next == "" {
		t.Fatalf("got %+v", first)
	}
	if h := first.History.Items[0]; h.Amount != -100 || h.Balance != 400 || h.Record.ID != ids[2] || h.Record.Doc.Kind() != "grant" {
		t.Errorf("the newest is %+v", h)
	}
	rest := must[member.Statement](t)(p.members.Points(t.Context(), p.id, m.ID(), page.Request{Limit: 2, After: first.History.Next}))
	if len(rest.History.Items) != 1 || rest.History.Items[0].Record.ID != ids[0] || rest.History.Next != "" {
		t.Errorf("the rest is %+v", rest)
	}
	wallet := must[member.Statement](t)(p.members.Wallet(t.Context(), p.id, m.ID(), page.Request{Limit: 2}))
	if wallet.Balance != 5000 || len(wallet.History.Items) != 1 || wallet.History.Items[0].Amount != 5000 {
		t.Errorf("the wallet is %+v", wallet)
	}
	s := must[member.Standing](t)(p.members.Get(t.Context(), p.id, m.ID()))
	if s.Points != 400 || s.Wallet != 5000 {
		t.Errorf("got %+v", s)
	}
	_, err := p.members.Points(t.Context(), p.id, "nobody", page.Request{Limit: 2})
	wantCode(t, err, "member_unknown")
}
