package containers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"kassa/core/cashier"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/store"
	"kassa/core/user"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// scene is the file of a small shop, opened behind Kassa's back.
type scene struct {
	t      testing.TB
	conn   *sqlite.Conn
	f      furniture
	sale   int64 // position of a sale that was refunded in part
	last   int64 // position of the last record
	refund id.ID
}

// exec changes something; a statement that changes nothing ends the test.
func (s *scene) exec(query string, args ...any) {
	s.t.Helper()
	if err := sqlitex.Execute(s.conn, query, &sqlitex.ExecOptions{Args: args}); err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	if s.conn.Changes() == 0 {
		s.t.Fatalf("%s: nothing changed", query)
	}
}

// replace changes a part of the body of a row.
func (s *scene) replace(table, key string, value any, from, to string) {
	s.t.Helper()
	s.exec("UPDATE "+table+" SET body = replace(body, ?1, ?2) WHERE "+key+" = ?3 AND instr(body, ?1)", from, to, value)
}

// state changes a part of a value.
func (s *scene) state(ref journal.Ref, from, to string) {
	s.t.Helper()
	s.replace("state", "ref", string(ref), from, to)
}

// body returns the canonical form of a record.
func (s *scene) body(position int64) (body []byte) {
	s.t.Helper()
	err := sqlitex.Execute(s.conn, "SELECT body FROM records WHERE position = ?", &sqlitex.ExecOptions{Args: []any{position}, ResultFunc: func(st *sqlite.Stmt) error {
		body = []byte(st.ColumnText(0))
		return nil
	}})
	must(s.t, err)
	return body
}

// crime is a change by hand and what verify says of it.
type crime struct {
	name string
	do   func(s *scene)
	want func(s *scene) string
}

func says(words string) func(*scene) string { return func(*scene) string { return words } }

// unreadable is the sale, named as a record that cannot be read.
func unreadable(why string) func(*scene) string {
	return func(s *scene) string { return fmt.Sprintf("record %d cannot be read: corrupt: %s", s.sale, why) }
}

// TestVerifyNamesEveryChangeByHand: whatever is changed in a store's file, kassa verify finds it and says what it is.
func TestVerifyNamesEveryChangeByHand(t *testing.T) {
	data, s := crimeScene(t)
	if out, err := verified(t, copyOf(t, data)); err != nil {
		t.Fatalf("the untouched copy: %v\n%s", err, out)
	}
	for _, crimes := range [][]crime{recordCrimes, headCrimes, valueCrimes, peopleCrimes, productCrimes, imageCrimes, indexCrimes, reportCrimes} {
		for _, c := range crimes {
			t.Run(c.name, func(t *testing.T) {
				data, s := copyOf(t, data), *s
				s.t = t
				s.change(data, c.do)
				out, err := verified(t, data)
				if want := c.want(&s); err == nil || !strings.Contains(out, want) {
					t.Errorf("verify says %v, and of %q nothing:\n%s", err, want, out)
				}
			})
		}
	}
}

// verified returns what kassa verify says.
func verified(t testing.TB, data string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Verify(t.Context(), Config{Data: data}, &out, func(string, int64, int64) {})
	return out.String(), err
}

// crimeScene returns the data folder of a shop with a little of everything.
func crimeScene(t testing.TB) (string, *scene) {
	t.Helper()
	data, f := furnished(t)
	s := copied(t, data)
	s.ids.n.Store(firstID(0))
	ctx := by(t.Context(), f.manager, user.Manager)
	back := made(t)(s.Cashier.Refund(ctx, s.id, cashier.Refund{Key: "back", Bill: f.bills[0], Lines: []cashier.Ask{{Line: 1, Quantity: measure.One}}, Reason: "it came back"}))
	made(t)(s.Cashier.Void(ctx, s.id, cashier.Void{Key: "void", Bill: f.bills[1], Reason: "a mistake"}))
	made(t)(s.Inventory.Move(ctx, s.id, inventory.Move{Key: "goods", Product: f.products[2], Kind: inventory.Receive, Quantity: 5 * measure.One}))
	must(t, s.Inventory.Delete(ctx, s.id, inventory.Delete{ID: f.products[3], Version: 1}))
	_, err := s.Settings.Edit(ctx, s.id, store.EditSettings{Version: 1, Change: func(o *store.Options) { o.CashRounding = 5 }})
	must(t, err)
	r, err := s.Cashier.Pay(ctx, s.id, cashier.Sale{Key: "last", Register: f.registers[0], Cart: "cart", Lines: []cashier.SaleLine{{Product: f.products[2], Quantity: measure.One}}})
	must(t, err)
	sold, err := s.Journal.Find(t.Context(), s.id, []journal.Key{journal.RecordKey(f.bills[0])})
	must(t, err)
	s.fold(t)
	s.close(t)
	return s.data, &scene{f: f, sale: sold[journal.RecordKey(f.bills[0])].Position, last: r.Record.Position, refund: back}
}

// change opens the store's file, which nobody else has open, and changes it.
func (s *scene) change(data string, do func(*scene)) {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "store-*.db"))
	if err != nil || len(files) != 1 {
		s.t.Fatal(files, err)
	}
	s.conn, err = sqlite.OpenConn(files[0], sqlite.OpenReadWrite)
	must(s.t, err)
	do(s)
	must(s.t, s.conn.Close())
}

var recordCrimes = []crime{
	{"a figure of a bill", func(s *scene) { s.replace("records", "position", s.sale, `"total":1697`, `"total":1698`) }, unreadable("record")},
	{"a byte of a record", func(s *scene) { s.replace("records", "position", s.sale, `"name":"Tea"`, `"name":"Tee"`) },
		func(s *scene) string { return unreadable(fmt.Sprintf("record %d does not match its hash", s.sale))(s) }},
	{"the hash of a record", func(s *scene) { s.exec("UPDATE records SET hash = zeroblob(32) WHERE position = ?", s.sale) },
		func(s *scene) string { return unreadable(fmt.Sprintf("record %d does not match its hash", s.sale))(s) }},
	{"a record with a hash of its own", func(s *scene) {
		body := bytes.Replace(s.body(s.sale), []byte(`"name":"Tea"`), []byte(`"name":"Tee"`), 1)
		sum := sha256.Sum256(body)
		s.exec("UPDATE records SET body = ?, hash = ? WHERE position = ?", string(body), sum[:], s.sale)
	}, says("does not follow the record before it in the chain of register")},
	{"a record deleted", func(s *scene) { s.exec("DELETE FROM records WHERE position = ?", s.sale) }, func(s *scene) string { return fmt.Sprintf("record %d is missing", s.sale) }},
	{"the last record deleted", func(s *scene) { s.exec("DELETE FROM records WHERE position = ?", s.last) }, func(s *scene) string {
		return fmt.Sprintf("the head says %d records and there are %d", s.last, s.last-1)
	}},
	{"the last record deleted and the head put back", func(s *scene) {
		last, err := journal.Open(schema(), s.body(s.last))
		must(s.t, err)
		s.exec("DELETE FROM records WHERE position = ?", s.last)
		s.exec("UPDATE head SET position = position - 1")
		s.exec("UPDATE chains SET hash = ? WHERE chain = ?", last.Previous[:], string(last.Chain))
	}, func(s *scene) string { return "stock:" + string(s.f.products[2]) }},
	{"two records swapped", func(s *scene) {
		s.exec("UPDATE records SET position = -1 WHERE position = ?", s.sale)
		s.exec("UPDATE records SET position = ? WHERE position = ?", s.sale, s.sale+1)
		s.exec("UPDATE records SET position = ? WHERE position = -1", s.sale+1)
	}, func(s *scene) string {
		return unreadable(fmt.Sprintf("record %d stands in the place of record %d", s.sale+1, s.sale))(s)
	}},
	{"a record copied", func(s *scene) {
		s.exec("INSERT INTO records (position, id, at, hash, body) SELECT ?, 'copy', at, hash, body FROM records WHERE position = ?", s.last+1, s.last)
	}, func(s *scene) string {
		return fmt.Sprintf("record %d stands in the place of record %d", s.last, s.last+1)
	}},
	{"a record added, head and chain with it", func(s *scene) { s.forge() }, func(s *scene) string { return "stock:" + string(s.f.products[2]) }},
	{"the time of a record's row", func(s *scene) { s.exec("UPDATE records SET at = at - 1 WHERE position = ?", s.sale) }, unreadable("the row of record")},
	{"the id of a record's row", func(s *scene) { s.exec("UPDATE records SET id = 'other' WHERE position = ?", s.sale) }, says("the index of record ")},
	{"the idempotency key of a record's row", func(s *scene) { s.exec("UPDATE records SET idem = 'other' WHERE position = ?", s.sale) }, says("the index of idem ")},
	{"no idempotency key in a record's row", func(s *scene) { s.exec("UPDATE records SET idem = NULL WHERE position = ?", s.sale) }, says("the index of idem ")},
	{"the client's sale id of a record's row", func(s *scene) { s.exec("UPDATE records SET sale = 'other' WHERE position = ?", s.sale) }, says("the index of sale ")},
	{"the receipt number of a record's row", func(s *scene) { s.exec("UPDATE records SET number = 'other' WHERE position = ?", s.sale) }, says("the index of no ")},
}

// forge appends the last sale once more, as Kassa would, but for what it changes.
func (s *scene) forge() {
	s.t.Helper()
	r, err := journal.Open(schema(), s.body(s.last))
	must(s.t, err)
	r.ID, r.Position, r.Previous, r.Keys = "forged", s.last+1, r.Hash, nil
	b, ok := r.Doc.(*cashier.Bill)
	if !ok {
		s.t.Fatalf("the last record is a %T", r.Doc)
	}
	b.Number++
	must(s.t, r.Seal())
	s.exec("INSERT INTO records (position, id, at, hash, body) VALUES (?, ?, ?, ?, ?)", r.Position, string(r.ID), r.At.UnixMilli(), r.Hash[:], string(r.Encoded()))
	s.exec("UPDATE head SET position = ?", r.Position)
	s.exec("UPDATE chains SET hash = ? WHERE chain = ?", r.Hash[:], string(r.Chain))
}

var headCrimes = []crime{
	{"the head's position", func(s *scene) { s.exec("UPDATE head SET position = position + 1") }, says("the head says")},
	{"the head put back", func(s *scene) { s.exec("UPDATE head SET position = position - 1") }, says("the head says")},
	{"the head's time, later", func(s *scene) { s.exec("UPDATE head SET at = at + 1") }, says("the head's time")},
	{"the head's time, earlier", func(s *scene) { s.exec("UPDATE head SET at = at - 1") }, says("the head's time")},
	{"the last hash of a register", func(s *scene) {
		s.exec("UPDATE chains SET hash = zeroblob(32) WHERE chain = ?", string(s.f.registers[0]))
	},
		func(s *scene) string { return "the last hash of the chain of register " + string(s.f.registers[0]) }},
	{"the last hash of the store", func(s *scene) { s.exec("UPDATE chains SET hash = zeroblob(32) WHERE chain = ''") }, says("the last hash of the chain of the store")},
	{"a chain deleted", func(s *scene) { s.exec("DELETE FROM chains WHERE chain = ?", string(s.f.registers[1])) },
		func(s *scene) string {
			return "the head does not know the chain of register " + string(s.f.registers[1])
		}},
	{"a chain added", func(s *scene) { s.exec("INSERT INTO chains (chain, hash) VALUES ('ghost', zeroblob(31) || x'01')") }, says("the last hash of the chain of register ghost")},
}

var valueCrimes = []crime{
	{"a stock", func(s *scene) {
		s.exec("UPDATE stock SET on_hand = on_hand + 1000 WHERE product = ?", string(s.f.products[0]))
	},
		func(s *scene) string { return "stock:" + string(s.f.products[0]) + " is kept as" }},
	{"the limit beside a stock", func(s *scene) { s.exec("UPDATE stock SET low_at = 1 WHERE product = ?", string(s.f.products[0])) },
		func(s *scene) string { return "stock of " + string(s.f.products[0]) + " is listed as another one" }},
	{"a stock deleted", func(s *scene) { s.exec("DELETE FROM stock WHERE product = ?", string(s.f.products[0])) },
		func(s *scene) string { return "stock:" + string(s.f.products[0]) + " is missing" }},
	{"a stock added", func(s *scene) { s.exec("INSERT INTO stock (product, on_hand) VALUES ('ghost', 1000)") }, says("stock:ghost is kept, and the journal knows nothing of it")},
	{"the balance of a wallet", func(s *scene) {
		s.state(journal.Ref("account:wallet:"+string(s.f.members[0])), `"posted":-5000`, `"posted":-9000`)
	},
		func(s *scene) string { return "account:wallet:" + string(s.f.members[0]) + " is kept as" }},
	{"an account deleted", func(s *scene) { s.exec("DELETE FROM state WHERE ref = 'account:discount:vip'") }, says("account:discount:vip is missing")},
	{"the receipt numbers of a register", func(s *scene) {
		s.state(journal.NewRef("register", string(s.f.registers[1])), `"last_receipt":2`, `"last_receipt":1`)
	},
		func(s *scene) string { return "register:" + string(s.f.registers[1]) + " is kept as" }},
	{"the day of a register", func(s *scene) {
		s.exec("UPDATE state SET body = replace(body, '\"bills\":', '\"bills\":1') WHERE ref LIKE 'register-day:' || ? || '%'", string(s.f.registers[0]))
	},
		func(s *scene) string { return "register-day:" + string(s.f.registers[0]) }},
	{"what came back of a sale", func(s *scene) { s.state(cashier.ReturnsRef(s.f.bills[0]), `[1000,`, `[0,`) },
		func(s *scene) string { return "bill:" + string(s.f.bills[0]) + " is kept as" }},
	{"that a sale was refunded", func(s *scene) { s.exec("DELETE FROM state WHERE ref = ?", string(cashier.ReturnsRef(s.f.bills[0]))) },
		func(s *scene) string { return "bill:" + string(s.f.bills[0]) + " is missing" }},
	{"who has a sku", func(s *scene) { s.state("sku:tea", string(s.f.products[0]), string(s.f.products[1])) }, says("sku:tea is kept as")},
	{"who has a register's name", func(s *scene) { s.exec("DELETE FROM state WHERE ref = 'register-name:till 1'") }, says("register-name:till 1 is missing")},
	{"a setting", func(s *scene) { s.state(store.SettingsRef, `"point_rate_bp":1500`, `"point_rate_bp":9900`) }, says("settings:store is kept as")},
	{"the currency that the books are kept in", func(s *scene) { s.state("currency:store", "EUR", "USD") }, says("currency:store is kept as")},
	{"a value in the place of another", func(s *scene) { s.exec("UPDATE state SET ref = 'sku:coffee' WHERE ref = 'sku:tea'") }, says("state sku:coffee")},
	{"a value of no kind", func(s *scene) { s.exec("INSERT INTO state (ref, body) VALUES ('ghost:1', '{}')") }, says("ghost")},
	{"a value that cannot be read", func(s *scene) { s.exec("UPDATE state SET body = '' WHERE ref = 'settings:store'") }, says("state settings:store")},
}

var peopleCrimes = []crime{
	{"a user's role", func(s *scene) { s.exec("UPDATE users SET role = 'manager' WHERE id = ?", string(s.f.cashier)) },
		func(s *scene) string { return "user:" + string(s.f.cashier) + " is kept as manager" }},
	{"a user's right to sign in", func(s *scene) { s.exec("UPDATE users SET active = 0 WHERE id = ?", string(s.f.cashier)) },
		func(s *scene) string { return "user:" + string(s.f.cashier) }},
	{"a user deleted", func(s *scene) { s.exec("DELETE FROM users WHERE id = ?", string(s.f.cashier)) },
		func(s *scene) string { return "user:" + string(s.f.cashier) + " is missing" }},
	{"a user added", func(s *scene) {
		s.exec(`INSERT INTO users (id, name, name_key, email, email_key, role, password, active, deleted, created_at, version, epoch)
			SELECT 'ghost', 'Ghost', 'ghost', 'g@shop.test', 'g@shop.test', 'manager', password, 1, 0, created_at, 1, 0 FROM users LIMIT 1`)
	}, says("user:ghost is kept, and the journal knows nothing of it")},
	{"the address that finds a user", func(s *scene) {
		s.exec("UPDATE users SET email_key = 'other@shop.test' WHERE id = ?", string(s.f.cashier))
	},
		func(s *scene) string { return "user " + string(s.f.cashier) + " is found by another" }},
	{"the number of managers", func(s *scene) { s.state("managers:store", `"count":1`, `"count":2`) }, says("managers:store is kept as")},
	{"a member's tier", func(s *scene) { s.exec("UPDATE members SET tier = 'vip' WHERE id = ?", string(s.f.members[1])) },
		func(s *scene) string { return "member:" + string(s.f.members[1]) + " is kept as vip" }},
	{"a member deleted", func(s *scene) { s.exec("DELETE FROM members WHERE id = ?", string(s.f.members[1])) },
		func(s *scene) string { return "member:" + string(s.f.members[1]) + " is missing" }},
	{"the address that finds a member", func(s *scene) { s.exec("UPDATE members SET email_key = NULL WHERE id = ?", string(s.f.members[1])) },
		func(s *scene) string { return "member " + string(s.f.members[1]) + " is found by another" }},
}

var productCrimes = []crime{
	{"a price", func(s *scene) { s.replace("products", "id", string(s.f.products[0]), `"price":250`, `"price":1`) },
		func(s *scene) string { return "product:" + string(s.f.products[0]) + " is kept as" }},
	{"a product deleted", func(s *scene) { s.exec("DELETE FROM products WHERE id = ?", string(s.f.products[2])) },
		func(s *scene) string { return "product:" + string(s.f.products[2]) + " is missing" }},
	{"a deleted product listed", func(s *scene) { s.exec("UPDATE products SET deleted = 0 WHERE id = ?", string(s.f.products[3])) },
		func(s *scene) string { return "product " + string(s.f.products[3]) + " is listed as another" }},
	{"the name that a product is listed by", func(s *scene) { s.exec("UPDATE products SET name_key = 'zzz' WHERE id = ?", string(s.f.products[0])) },
		func(s *scene) string { return "product " + string(s.f.products[0]) + " is listed as another" }},
	{"the product of a barcode", func(s *scene) { s.exec("UPDATE barcodes SET product = product + 1") }, says("barcode 4006381333931 finds a product that does not have it")},
	{"a barcode deleted", func(s *scene) { s.exec("DELETE FROM barcodes") }, says("barcode 4006381333931 does not find its product")},
	{"a barcode added", func(s *scene) { s.exec("INSERT INTO barcodes (code, product) VALUES ('1234', 1)") }, says("barcode 1234 finds a product that does not have it")},
}

// imageOff begins what verify says of the only image.
func imageOff(then string) func(*scene) string {
	return func(s *scene) string { return "the image of product " + string(s.f.products[4]) + " " + then }
}

var imageCrimes = []crime{
	{"a byte of an image", func(s *scene) { s.exec("UPDATE image_bytes SET bytes = CAST(replace(bytes, 'sea', 'see') AS BLOB)") }, imageOff("cannot be read: corrupt: image")},
	{"the type of an image", func(s *scene) { s.exec("UPDATE images SET type = 'text/html'") }, imageOff("cannot be read: corrupt: image")},
	{"an image deleted", func(s *scene) { s.exec("DELETE FROM images") }, imageOff("is missing")},
	{"the bytes of an image deleted", func(s *scene) { s.exec("DELETE FROM image_bytes") }, imageOff("is missing")},
	{"an image under another hash", func(s *scene) { s.exec("UPDATE images SET hash = ?", strings.Repeat("0", 64)) }, imageOff("is missing")},
	{"how many products name an image", func(s *scene) { s.exec("UPDATE images SET uses = 2") },
		func(s *scene) string {
			return "image " + s.f.image.Hash() + " is kept for 2 products and named by 1, such as "
		}},
	{"that products name an image", func(s *scene) { s.exec("UPDATE images SET uses = 0") },
		func(s *scene) string {
			return "image " + s.f.image.Hash() + " is kept for 0 products and named by 1, such as "
		}},
	{"an image that none names", func(s *scene) {
		s.exec("INSERT INTO images (hash, type, uses, put_at) VALUES (?, 'image/png', 1, 0)", strings.Repeat("0", 64))
	}, says("image " + strings.Repeat("0", 64) + " is kept for 1 products, and none names it")},
	{"the image that a product names", func(s *scene) {
		s.replace("products", "id", string(s.f.products[4]), s.f.image.Hash(), strings.Repeat("0", 64))
	},
		func(s *scene) string { return "product:" + string(s.f.products[4]) + " is kept as" }},
}

// TestAnImageThatCameWithoutItsEditIsNoFinding: its edit was refused, or its server ended; it goes a day later.
func TestAnImageThatCameWithoutItsEditIsNoFinding(t *testing.T) {
	data, _ := furnished(t)
	s := copied(t, data)
	early, err := inventory.NewImage(inventory.PNG, []byte("early"))
	must(t, err)
	must(t, s.Images.Put(t.Context(), s.id, early, s.clock.Now()))
	s.verify(t)
}

// These choose the rows of one name.
const (
	lineOf    = " AND account = (SELECT id FROM names WHERE name = 'account:revenue:')"
	dayOf     = " AND ref = (SELECT id FROM names WHERE name = '@bills')"
	listingOf = " AND ref = (SELECT id FROM names WHERE name = 'stock:' || ?)"
)

var indexCrimes = []crime{
	{"a day's listing deleted", func(s *scene) { s.exec("DELETE FROM days WHERE position = ?"+dayOf, s.sale) }, says("the index of @bills ")},
	{"a day's listing added", func(s *scene) {
		s.exec("INSERT INTO days (ref, day, position) SELECT id, 20261121, 1 FROM names WHERE name = '@bills'")
	}, says("the index of @bills ")},
	{"a listing on another day", func(s *scene) { s.exec("UPDATE days SET day = day + 1 WHERE position = ?"+dayOf, s.sale) }, says("the index of @bills ")},
	{"a listing deleted", func(s *scene) {
		s.exec("DELETE FROM refs WHERE position = ?"+listingOf, s.sale, string(s.f.products[0]))
	}, stockIndex},
	{"a listing added", func(s *scene) {
		s.exec("INSERT INTO refs (span, ref, position) SELECT 0, id, 1 FROM names WHERE name = 'stock:' || ?", string(s.f.products[0]))
	}, stockIndex},
	{"a listing in another span", func(s *scene) {
		s.exec("UPDATE refs SET span = 1 WHERE position = ?"+listingOf, s.sale, string(s.f.products[0]))
	}, stockIndex},
	{"a span deleted", func(s *scene) {
		s.exec("DELETE FROM spans WHERE name = (SELECT id FROM names WHERE name = 'stock:' || ?)", string(s.f.products[0]))
	}, stockIndex},
	{"the name of a listing", func(s *scene) {
		s.exec("UPDATE names SET name = 'elsewhere' WHERE name = 'stock:' || ?", string(s.f.products[0]))
	}, stockIndex},
	{"the amount of a ledger line", func(s *scene) { s.exec("UPDATE lines SET amount = amount + 1 WHERE position = ?"+lineOf, s.sale) }, says("the index of account:revenue: ")},
	{"the balance of a ledger line", func(s *scene) { s.exec("UPDATE lines SET balance = balance + 1 WHERE position = ?"+lineOf, s.sale) }, says("the index of account:revenue: ")},
	{"a ledger line deleted", func(s *scene) { s.exec("DELETE FROM lines WHERE position = ?"+lineOf, s.sale) }, says("the index of account:revenue: ")},
	{"a ledger line of another record", func(s *scene) { s.exec("UPDATE lines SET position = 1 WHERE position = ?"+lineOf, s.sale) }, says("the index of account:revenue: ")},
	{"a ledger line added", func(s *scene) {
		s.exec("INSERT INTO lines (span, account, position, amount, balance) SELECT 0, id, 1, 0, 0 FROM names WHERE name = 'account:revenue:'")
	}, says("the index of account:revenue: ")},
	{"a key deleted", func(s *scene) { s.exec("DELETE FROM keys WHERE key = 'cart:cart'") }, says("the index of cart:cart ")},
	{"a key of another record", func(s *scene) { s.exec("UPDATE keys SET position = 1 WHERE key = 'cart:cart'") }, says("the index of cart:cart ")},
	{"a key added", func(s *scene) { s.exec("INSERT INTO keys (key, position) VALUES ('cart:ghost', 1)") }, says("the index of cart:ghost ")},
}

func stockIndex(s *scene) string { return "the index of stock:" + string(s.f.products[0]) + " " }

// TestVerifyReadsBesideTheServer: the books are proved while Kassa has them open and writes.
func TestVerifyReadsBesideTheServer(t *testing.T) {
	data, f := furnished(t)
	s := copied(t, data)
	s.ids.n.Store(firstID(0))
	ctx, cancel := context.WithCancel(by(t.Context(), f.cashier, user.Cashier))
	var sold atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_, err := s.Cashier.Pay(ctx, s.id, cashier.Sale{Key: idempotency.Key(fmt.Sprint("beside", sold.Load())), Register: f.registers[0], Lines: []cashier.SaleLine{{Product: f.products[4], Quantity: measure.One}}})
			if err == nil {
				sold.Add(1)
			} else if ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	}()
	for n := 0; n < 10 || sold.Load() < 50 && !closed(done); n++ {
		if out, err := verified(t, s.data); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	cancel()
	<-done
}
