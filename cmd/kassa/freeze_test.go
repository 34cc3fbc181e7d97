package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"kassa/adapters/mongodb/mongotest"
)

const (
	heldUp       = 5 * time.Second // at most, by a server that is frozen or was killed
	endsSessions = time.Second     // before that no server ends the session of another
	freezes      = 4
	kills        = 3
	frozenFor    = 2500 * time.Millisecond
	sellers      = 8 // at each server
)

func (s *server) signal(to syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(to); err != nil {
		s.t.Error(err)
	}
}

// frozenBeforeCommit stops a server between its head and its commit, and lets it go on.
func frozenBeforeCommit(t *testing.T, p *pair) {
	s := p.beforeCommit(func() { p.one.signal(syscall.SIGSTOP) })
	p.one.signal(syscall.SIGCONT)
	a := <-s.answer
	t.Logf("the frozen one answers %d", a.status)
	if a.status != http.StatusCreated && a.status != http.StatusServiceUnavailable {
		t.Errorf("the frozen server answers %d %s", a.status, a.body)
	}
	p.settle(p.one, s.sold, []*order{s.stuck})
	p.check(p.other)
	p.verify()
}

// killedBeforeCommit ends a server between its head and its commit, and starts another.
func killedBeforeCommit(t *testing.T, p *pair) {
	s := p.beforeCommit(func() {
		if err := p.one.kill(); err != nil {
			t.Error(err)
		}
	})
	if a := <-s.answer; a.status != 0 {
		t.Errorf("the killed server answers %d %s", a.status, a.body)
	}
	p.settle(p.serve(), s.sold, []*order{s.stuck})
	p.check(p.other)
	p.verify()
}

// standstill is what was sold around a server that stopped, and the sale that it stopped with.
type standstill struct {
	sold   []*order
	stuck  *order
	answer <-chan answer
}

// beforeCommit stops a server that has written to the head and whose commit cannot arrive, and holds that the other one waits, and not long.
func (p *pair) beforeCommit(stop func()) standstill {
	p.t.Helper()
	warm, o, late := p.order("warm"), p.order("stuck"), p.order("held up")
	warm.bill = want[bill](p.t, p.one.call("POST", "/cashier/payments", warm.key, warm.body), http.StatusCreated)
	noCommit := mongotest.FailPoint(p.t, p.cluster.URI(), mongotest.Failure{Commands: []string{"commitTransaction"}, AppName: "one", CloseConnection: true})
	sold := make(chan answer, 1)
	go func() { sold <- p.one.call("POST", "/cashier/payments", o.key, o.body) }()
	time.Sleep(2 * time.Second) // its commit is tried for 5 s
	stop()
	noCommit()
	began := time.Now()
	late.bill = want[bill](p.t, p.other.call("POST", "/cashier/payments", late.key, late.body), http.StatusCreated)
	waited := time.Since(began)
	p.t.Logf("the other server was held up for %v", waited)
	if waited > heldUp || waited < endsSessions {
		p.t.Errorf("the other server was held up for %v: it has to wait, and less than %v", waited, heldUp)
	}
	p.verify()
	return standstill{[]*order{warm, late}, o, sold}
}

// frozenAtAnyMoment stops one of two servers that sell, and lets it go on.
func frozenAtAnyMoment(t *testing.T, p *pair) {
	for round := range freezes {
		p.hold(fmt.Sprint("freeze", round), func() {
			p.one.signal(syscall.SIGSTOP)
			time.Sleep(frozenFor)
			p.one.signal(syscall.SIGCONT)
		})
	}
}

// killedAtAnyMoment ends one of two servers that sell, and starts another.
func killedAtAnyMoment(t *testing.T, p *pair) {
	for round := range kills {
		p.hold(fmt.Sprint("kill", round), func() {
			if err := p.one.kill(); err != nil {
				t.Error(err)
			}
			time.Sleep(frozenFor)
		})
		p.one = p.serve()
	}
}

// wait is how long a till waited for a sale, at most.
type wait struct {
	longest time.Duration
	since   time.Time
}

// over ends one wait and begins the next.
func (w *wait) over() { w.longest, w.since = max(w.longest, time.Since(w.since)), time.Now() }

// sellUntil lets one till sell until the end, and returns how long it waited for a sale. One at the server that goes on sells after the end once
// more, or has waited too long.
func (p *pair) sellUntil(end <-chan struct{}, s *server, name string) (answered, open []*order, longest time.Duration) {
	w := wait{since: time.Now()}
	answered, open = p.trade(s, name, 1, func(_ time.Time, a answer) bool {
		switch {
		case a.status == http.StatusCreated:
			w.over()
		case a.status == 0 && s == p.other:
			p.t.Errorf("%s: no answer", name)
		}
		select {
		case <-end:
			return s == p.other && a.status != http.StatusCreated && time.Since(w.since) <= heldUp
		default:
			return a.status != 0
		}
	})
	w.over()
	return answered, open, w.longest
}

// hold lets both servers sell while one is held, and holds that every till of the other goes on.
func (p *pair) hold(name string, held func()) {
	p.t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var answered, open []*order
	var longest time.Duration
	end := make(chan struct{})
	sell := func(s *server, till int) {
		a, o, waited := p.sellUntil(end, s, fmt.Sprint(name, s.cmd.Process.Pid, "till", till))
		mu.Lock()
		defer mu.Unlock()
		answered, open = append(answered, a...), append(open, o...)
		if s == p.other {
			longest = max(longest, waited)
		}
	}
	for till := range sellers {
		wg.Go(func() { sell(p.one, till) })
		wg.Go(func() { sell(p.other, till) })
	}
	time.Sleep(200*time.Millisecond + rand.N(200*time.Millisecond))
	held()
	time.Sleep(200 * time.Millisecond)
	close(end)
	wg.Wait()
	p.t.Logf("%s: the other server was held up for %v", name, longest)
	if longest > heldUp {
		p.t.Errorf("%s: the other server was held up for %v", name, longest)
	}
	p.answered = append(p.answered, answered...)
	p.settle(p.other, nil, open)
	p.check(p.other)
	p.verify()
}
