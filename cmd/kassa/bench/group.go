package bench

import (
	"context"
	"sync"
	"time"
)

// group is clients that send each key at once: the last that has its answer draws the next sale and lets the others go.
type group struct {
	members []*client
	mu      sync.Mutex // of the fields below while members arrive
	arrived int
	over    bool
	wake    []chan struct{}
	outcome []outcome
}

// outcome is what a member was told about the present key.
type outcome struct {
	class class // 0: no answer
	bill  receipt
}

func newGroup(members []*client) *group {
	g := &group{members: members, outcome: make([]outcome, len(members))}
	for range members {
		g.wake = append(g.wake, make(chan struct{}, 1))
	}
	g.draw()
	return g
}

// leader draws the group's sales and keeps its books.
func (g *group) leader() *client { return g.members[0] }

func (g *group) draw() {
	l := g.leader()
	l.sale.draw(l.scenario, l.shop, l.random)
	l.keys.draw()
}

// sell runs the member until the measured time is over.
func (g *group) sell(ctx context.Context, member int) {
	c, l := g.members[member], g.leader()
	for now := time.Since(c.begin); !g.over; {
		sent := now
		a, err := c.send(ctx, l.keys.text[:], l.sale.body)
		now = time.Since(c.begin)
		g.outcome[member] = outcome{}
		if err == nil {
			g.outcome[member] = g.judge(c, a, sent, now)
		}
		g.meet(member)
		now = time.Since(c.begin)
	}
}

func (g *group) judge(c *client, a answer, sent, now time.Duration) outcome {
	class := classify(a)
	c.measure(a, class, sent, now)
	o := outcome{class: class}
	if class != created || !c.verify {
		return o
	}
	var err error
	o.bill, err = readReceipt(a.body)
	switch {
	case err != nil:
		c.roll.wrong.add("a 201 holds no bill: %v", err)
	case string(o.bill.register) != c.shop.registers[g.leader().sale.register]:
		c.roll.wrong.add("a sale was booked on another register, %s", o.bill.register)
	}
	return o
}

// meet waits until all members have their answers.
func (g *group) meet(member int) {
	g.mu.Lock()
	if g.arrived++; g.arrived < len(g.members) {
		g.mu.Unlock()
		<-g.wake[member]
		return
	}
	g.arrived = 0
	if l := g.leader(); l.verify {
		g.settle(&l.roll)
	}
	g.over = time.Since(g.leader().begin) >= g.leader().to || g.leader().stop.Load()
	g.draw()
	g.mu.Unlock()
	for i, w := range g.wake {
		if i != member {
			w <- struct{}{}
		}
	}
}

// settle books the key's bill once. Every answer must be that bill, or say that it is being made.
func (g *group) settle(r *roll) {
	var first *receipt
	waiting := 0
	for i := range g.outcome {
		switch o := &g.outcome[i]; {
		case o.class == inFlight:
			waiting++
		case o.class != created:
		case first == nil:
			first = &o.bill
		case o.bill.id != first.id || o.bill.number != first.number:
			r.wrong.add("key %s made two bills: receipts %d and %d", g.leader().keys.text, first.number, o.bill.number)
		}
	}
	switch {
	case first != nil:
		r.take(&g.leader().sale, *first)
	case waiting == len(g.outcome):
		r.wrong.add("key %s made no bill, though all were told that it is being made", g.leader().keys.text)
	}
}
