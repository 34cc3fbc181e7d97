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

// frozenBeforeCommit stops a server that has written to the head and whose commit cannot arrive.
func frozenBeforeCommit(t *testing.T, p *pair) {
	warm, o, late := p.order("warm"), p.order("frozen"), p.order("held up")
	warm.bill = want[bill](t, p.one.call("POST", "/cashier/payments", warm.key, warm.body), http.StatusCreated)
	noCommit := mongotest.FailPoint(t, p.cluster.URI(), mongotest.Failure{Commands: []string{"commitTransaction"}, AppName: "one", CloseConnection: true})
	sold := make(chan answer)
	go func() { sold <- p.one.call("POST", "/cashier/payments", o.key, o.body) }()
	time.Sleep(2 * time.Second) // its commit is tried for 5 s
	p.one.signal(syscall.SIGSTOP)
	noCommit()
	began := time.Now()
	late.bill = want[bill](t, p.other.call("POST", "/cashier/payments", late.key, late.body), http.StatusCreated)
	waited := time.Since(began)
	t.Logf("the other server was held up for %v", waited)
	if waited > heldUp || waited < endsSessions {
		t.Errorf("the other server was held up for %v: it has to wait, and less than %v", waited, heldUp)
	}
	p.verify()
	p.one.signal(syscall.SIGCONT)
	a := <-sold
	t.Logf("the frozen one answers %d", a.status)
	if a.status != http.StatusCreated && a.status != http.StatusServiceUnavailable {
		t.Errorf("the frozen server answers %d %s", a.status, a.body)
	}
	p.settle(p.one, []*order{warm, late}, []*order{o})
	p.check(p.other)
	p.verify()
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

// hold lets both servers sell while one is held, and holds that the other goes on.
func (p *pair) hold(name string, held func()) {
	p.t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var answered, open []*order
	longest, last := time.Duration(0), time.Now()
	end := make(chan struct{})
	sell := func(s *server, seen func()) {
		a, o := p.trade(s, fmt.Sprint(name, s.cmd.Process.Pid), sellers, func(_ time.Time, a answer) bool {
			if a.status == http.StatusCreated {
				seen()
			}
			select {
			case <-end:
				return false
			default:
				return a.status != 0
			}
		})
		mu.Lock()
		defer mu.Unlock()
		answered, open = append(answered, a...), append(open, o...)
	}
	wg.Go(func() { sell(p.one, func() {}) })
	wg.Go(func() {
		sell(p.other, func() {
			mu.Lock()
			defer mu.Unlock()
			longest, last = max(longest, time.Since(last)), time.Now()
		})
	})
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
