package bench

import (
	"math/rand/v2"
	"strconv"
)

// popular is how many products the scenario basket draws from.
const popular = 20

// together is how many clients of the scenario idem send each key at once.
const together = 8

const (
	paymentsPath = "/api/v1/cashier/payments"
	floorPath    = "/api/v1/bench/floor"
)

// scenario is one kind of load.
type scenario struct {
	name  string
	what  string
	path  string                                  // of its POST
	pick  func(r *rand.Rand, s *shop, sale *sale) // chooses register and products; nil: no sales
	look  func(r *rand.Rand, s *shop, l *look)    // chooses what is asked for, or with an empty path a sale; nil: sales only
	books bool                                    // what comes of it is verified
	keys  int                                     // how many clients send each key
	pair  bool                                    // two servers on one database share the clients
	twice bool                                    // each of the two has as many clients
	naive bool                                    // not over HTTP, and by as many callers as there are clients
	whose *crowd                                  // who keeps the server busy beside the clients; nil: nobody
	needs string                                  // the path of a GET that the server must offer; empty: none
	stock bool                                    // the catalogue is needed
	alone bool                                    // by one client
}

// local reports whether the scenario is measured without HTTP.
func (s scenario) local() bool { return s.pick == nil && s.look == nil }

var scenarios = []scenario{
	{name: "floor", what: "an authenticated POST of a sale's size that stores nothing: what HTTP alone can do (a --target offers it with KASSA_BENCH=1)",
		path: floorPath, pick: pickSpread, keys: 1},
	{name: "raw", what: "the records of sales into the bare store without HTTP, 1, 64 and 128 a commit: what the database alone can do"},
	{name: "writer", what: "sales through the writer in process, by 1, 64 and 128 callers: what everything but HTTP can do"},
	{name: "spread", what: "three distinct products of all, any register, paid in cash",
		path: paymentsPath, pick: pickSpread, books: true, keys: 1},
	{name: "hot", what: "all clients sell the same three products, any register",
		path: paymentsPath, pick: pickHot, books: true, keys: 1},
	{name: "basket", what: "five lines out of 20 popular products in random order, any register",
		path: paymentsPath, pick: pickBasket, books: true, keys: 1},
	{name: "one-register", what: "spread with all clients on one register",
		path: paymentsPath, pick: pickOneRegister, books: true, keys: 1},
	{name: "idem", what: "spread with every key sent by 8 clients at once",
		path: paymentsPath, pick: pickSpread, books: true, keys: together},
	{name: "storm", what: "spread while 8 others log in without pause",
		path: paymentsPath, pick: pickSpread, books: true, keys: 1, whose: &logins},
	{name: "reports", what: "spread while 2 others ask for the reports of a year without pause",
		path: paymentsPath, pick: pickSpread, books: true, keys: 1, whose: &readers, needs: summaryPath},
	{name: "search", what: "products by 2 to 6 letters of a word of their names, among those of --catalogue",
		look: lookSearch, books: true, keys: 1, stock: true},
	{name: "barcode", what: "a product by its barcode, among those of --catalogue",
		look: lookBarcode, books: true, keys: 1, stock: true},
	{name: "mixed", what: "80 % spread, 15 % search and barcode, 5 % reports of the day and the month",
		path: paymentsPath, pick: pickSpread, look: lookMixed, books: true, keys: 1, stock: true, needs: summaryPath},
	{name: "month", what: "the reports of a month, by one client",
		look: lookMonth, books: true, keys: 1, needs: summaryPath, alone: true},
	{name: "balance", what: "the cash in the first register's drawer, now and at the end of a day, by one client",
		look: lookBalance, books: true, keys: 1, alone: true},
	{name: "naive-spread", what: "a transaction a sale, as point-of-sale software usually does it: in process, without HTTP, chain and batches", naive: true},
	{name: "naive-hot", what: "the same, with hot's three products", naive: true},
	{name: "two-spread", what: "spread from two servers on one MongoDB database, half of the clients at each",
		path: paymentsPath, pick: pickSpread, books: true, keys: 1, pair: true},
	{name: "two-hot", what: "hot from two servers, half of the clients at each",
		path: paymentsPath, pick: pickHot, books: true, keys: 1, pair: true},
	{name: "twice-spread", what: "spread from two servers, each with as many clients",
		path: paymentsPath, pick: pickSpread, books: true, keys: 1, pair: true, twice: true},
	{name: "twice-hot", what: "hot from two servers, each with as many clients",
		path: paymentsPath, pick: pickHot, books: true, keys: 1, pair: true, twice: true},
}

// families are names for several scenarios.
var families = map[string][]string{
	"naive": {"naive-spread", "naive-hot"},
	"two":   {"two-spread", "two-hot", "twice-spread", "twice-hot"},
}

func scenarioNames() []string {
	names := make([]string, len(scenarios))
	for i, s := range scenarios {
		names[i] = s.name
	}
	return names
}

func scenarioNamed(name string) (scenario, bool) {
	for _, s := range scenarios {
		if s.name == name {
			return s, true
		}
	}
	return scenario{}, false
}

// scenariosNamed returns one scenario or a family, or none.
func scenariosNamed(name string) []scenario {
	names, ok := families[name]
	if !ok {
		names = []string{name}
	}
	var list []scenario
	for _, n := range names {
		if s, ok := scenarioNamed(n); ok {
			list = append(list, s)
		}
	}
	return list
}

// whole returns the number of clients rounded up to whole groups: those that send each key together, or pairs, one at each server.
func (s scenario) whole(clients int) int {
	if s.alone {
		return 1
	}
	group := max(s.keys, 1)
	if s.pair && !s.twice {
		group = 2
	}
	return (clients + group - 1) / group * group
}

// members is how many clients there are in all servers together.
func (s scenario) members(clients int) int {
	if s.twice {
		return 2 * clients
	}
	return clients
}

// line is one line of a sale.
type line struct{ product, quantity int }

// sale is what a client sells. It is drawn anew into the same memory.
type sale struct {
	register int
	lines    []line
	body     []byte
}

func (s *sale) draw(sc scenario, shop *shop, r *rand.Rand) {
	s.lines = s.lines[:0]
	sc.pick(r, shop, s)
	s.encode(shop)
}

func (s *sale) has(product int) bool {
	for _, l := range s.lines {
		if l.product == product {
			return true
		}
	}
	return false
}

// distinct adds n lines of different products among the first of the shop.
func (s *sale) distinct(r *rand.Rand, n, among int) {
	for len(s.lines) < n {
		if p := r.IntN(among); !s.has(p) {
			s.lines = append(s.lines, line{product: p, quantity: 1 + r.IntN(3)})
		}
	}
}

func pickSpread(r *rand.Rand, shop *shop, s *sale) {
	s.register = r.IntN(len(shop.registers))
	s.distinct(r, 3, len(shop.products))
}

func pickHot(r *rand.Rand, shop *shop, s *sale) {
	s.register = r.IntN(len(shop.registers))
	for p := range 3 {
		s.lines = append(s.lines, line{product: p, quantity: 1 + r.IntN(3)})
	}
}

func pickBasket(r *rand.Rand, shop *shop, s *sale) {
	s.register = r.IntN(len(shop.registers))
	s.distinct(r, 5, popular)
}

func pickOneRegister(r *rand.Rand, shop *shop, s *sale) {
	s.register = 0
	s.distinct(r, 3, len(shop.products))
}

// encode writes the request's body. The cash is twice the prices, enough under any tax rate and rounding; the bill says what was due.
func (s *sale) encode(shop *shop) {
	b := s.body[:0]
	b = append(b, `{"register_id":"`...)
	b = append(b, shop.registers[s.register]...)
	b = append(b, `","lines":[`...)
	cash := int64(0)
	for i, l := range s.lines {
		if i > 0 {
			b = append(b, ',')
		}
		p := &shop.products[l.product]
		b = append(b, `{"product_id":"`...)
		b = append(b, p.id...)
		b = append(b, `","quantity":`...)
		b = strconv.AppendInt(b, int64(l.quantity), 10)
		b = append(b, '}')
		cash += 2 * p.price * int64(l.quantity)
	}
	b = append(b, `],"tenders":[{"kind":"cash","amount":`...)
	b = strconv.AppendInt(b, cash, 10)
	b = append(b, `}]}`...)
	s.body = b
}

// keys makes idempotency keys that look like UUIDs. Each is a bijection of a number that its client uses once, so that no two are
// equal, and like those of real terminals they are scattered over the whole range.
type keys struct {
	run, next uint64
	text      [36]byte
}

// newKeys returns the keys of one client in one point of a run.
func newKeys(run uint64, point, client int) keys {
	return keys{run: run, next: uint64(point)<<48 | uint64(client)<<32}
}

// draw returns the next key, valid until the next draw.
func (k *keys) draw() []byte {
	k.next++
	return uuid(&k.text, scatter(k.next), k.run)
}

// uuid writes two numbers as 8-4-4-4-12 hexadecimal digits.
func uuid(text *[36]byte, high, low uint64) []byte {
	const digits = "0123456789abcdef"
	at := 0
	for _, n := range [2]uint64{high, low} {
		for shift := 60; shift >= 0; shift -= 4 {
			if at == 8 || at == 13 || at == 18 || at == 23 {
				text[at] = '-'
				at++
			}
			text[at] = digits[n>>shift&15]
			at++
		}
	}
	return text[:]
}

// scatter is the finalizer of splitmix64: a bijection.
func scatter(n uint64) uint64 {
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
