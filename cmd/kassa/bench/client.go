package bench

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"
)

// load is one scenario with one number of clients, while it runs. Times count from begin.
type load struct {
	scenario scenario
	shop     *shop
	servers  []string // addresses, which the clients take in turns
	verify   bool
	begin    time.Time
	from, to time.Duration // the measured time
	clients  int
	every    time.Duration // open loop: a client's sales are due in this distance; 0: closed loop
	stop     atomic.Bool
}

// client is one terminal: one connection, one sale at a time.
type client struct {
	*load
	index   int
	address string
	link    *link
	seller  *session
	token   *string // that head is made with
	head    []byte
	request []byte
	random  *rand.Rand
	keys    keys
	sale    sale
	look    look
	roll    roll
	tally   tally
	row     int // failures in a row
}

// answerTime bounds how long the last answers of a point may take.
const answerTime = 20 * time.Second

// maxRow is after how many failed requests in a row a client gives up.
const maxRow = 20

func (l *load) newClient(ctx context.Context, point, index int) (*client, error) {
	c := &client{
		load: l, index: index, address: l.servers[index%len(l.servers)], seller: l.shop.sellers[index%len(l.shop.sellers)], keys: newKeys(l.shop.run, point, index),
		random: rand.New(rand.NewPCG(uint64(point), uint64(index))), //nolint:gosec // a load that can be repeated, not a secret
	}
	if l.scenario.books && l.verify {
		c.roll = newRoll(l.shop)
	}
	return c, c.connect(ctx)
}

func (c *client) connect(ctx context.Context) error {
	l, err := dial(ctx, c.address, time.Now().Add(c.to+answerTime))
	if err == nil {
		c.link = l
	}
	return err
}

// sell runs the client until the measured time is over.
func (c *client) sell(ctx context.Context) {
	if c.every == 0 {
		now := time.Since(c.begin)
		for now < c.to && !c.stop.Load() {
			now = c.next(ctx, now)
		}
		return
	}
	for due := c.first(); due < c.to && !c.stop.Load(); due += c.every {
		now := time.Since(c.begin)
		if now >= c.to {
			return
		}
		if now < due {
			wait(ctx.Done(), due-now)
		}
		c.next(ctx, due)
	}
}

// first is when the first sale of an open loop is due: the clients take turns.
func (c *client) first() time.Duration {
	return time.Duration(float64(c.every) * float64(c.index) / float64(c.clients))
}

// next makes one sale that was due then, or asks for something, and returns the time after its answer.
func (c *client) next(ctx context.Context, due time.Duration) time.Duration {
	if c.look.draw(c.scenario, c.shop, c.random) {
		return c.ask(ctx, due)
	}
	c.sale.draw(c.scenario, c.shop, c.random)
	a, err := c.send(ctx, c.keys.draw(), c.sale.body)
	now := time.Since(c.begin)
	if err != nil {
		return now
	}
	class := classify(a)
	c.measure(a, class, due, now)
	if c.scenario.books && c.verify {
		c.book(a, class)
	}
	return now
}

// ask sends what was drawn to be asked for.
func (c *client) ask(ctx context.Context, due time.Duration) time.Duration {
	c.request = appendGet(c.request[:0], c.address, *c.shop.manager.token.Load(), c.look.path)
	a, err := c.exchange(ctx, c.request)
	now := time.Since(c.begin)
	if err != nil {
		return now
	}
	class := failed
	if a.status == 200 {
		class = created
		if c.verify && !bytes.Contains(a.body, c.look.want) {
			c.roll.wrong.add("the answer to GET %s does not hold %s", c.look.path, c.look.want)
		}
	}
	c.measure(a, class, due, now)
	return now
}

func (c *client) measure(a answer, class class, due, now time.Duration) {
	if now >= c.from && now < c.to {
		c.tally.count(a, class, int64((now-due)/time.Microsecond))
	}
}

// send exchanges the request of a sale.
func (c *client) send(ctx context.Context, key, body []byte) (answer, error) {
	return c.exchange(ctx, c.compose(key, body))
}

// exchange sends the request. When that fails its outcome is not known, and the next request gets a new connection.
func (c *client) exchange(ctx context.Context, request []byte) (answer, error) {
	a, err := c.link.exchange(request)
	if err == nil && !a.last {
		c.row = 0
		return a, nil
	}
	c.link.close()
	if err != nil {
		c.tally.lose(err)
		c.row++
	}
	if e := c.connect(ctx); e != nil || c.row >= maxRow {
		c.stop.Store(true)
	}
	return a, err
}

// compose writes the request into the client's memory.
func (c *client) compose(key, body []byte) []byte {
	if token := c.seller.token.Load(); token != c.token {
		c.token = token
		c.head = append(c.head[:0], "POST "+c.scenario.path+" HTTP/1.1\r\nHost: "+c.address+"\r\nAuthorization: Bearer "+*token+
			"\r\nContent-Type: application/json\r\nIdempotency-Key: "...)
	}
	b := c.request[:0]
	b = append(b, c.head...)
	b = append(b, key...)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	b = append(b, body...)
	c.request = b
	return b
}

// book notes the bill in the answer.
func (c *client) book(a answer, class class) {
	if class != created {
		return
	}
	got, err := readReceipt(a.body)
	switch {
	case err != nil:
		c.roll.wrong.add("a 201 holds no bill: %v", err)
		return
	case string(got.register) != c.shop.registers[c.sale.register]:
		c.roll.wrong.add("a sale of register %s was booked on %s", c.shop.registers[c.sale.register], got.register)
	case a.replayed:
		c.roll.wrong.add("a new key was answered with the bill of another: register %d, receipt %d", c.sale.register+1, got.number)
	}
	c.roll.take(&c.sale, got)
}
