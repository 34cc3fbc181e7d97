package bench

import (
	"context"
	"runtime"
	"sync"
	"time"

	"kassa/core/fault"
)

// Point is one line of the result: a scenario with a number of clients.
type Point struct {
	Database  string           `json:"database"`
	Scenario  string           `json:"scenario"`
	Clients   int              `json:"clients"` // of raw: records a commit
	Answers   int64            `json:"answers"` // bills, and of idem also who was told to wait; of raw: records
	PerSecond float64          `json:"per_second"`
	P50       int64            `json:"p50_us"` // microseconds, exact to 1 %; of raw: of a commit
	P95       int64            `json:"p95_us"`
	P99       int64            `json:"p99_us"`
	Max       int64            `json:"max_us"`
	Errors    int64            `json:"errors"`
	Refused   int64            `json:"refused"`
	InFlight  int64            `json:"in_flight"`
	Codes     map[string]int64 `json:"codes,omitempty"`             // of what was no bill: status and code
	ServerCPU float64          `json:"server_cpu_percent"`          // of one core; -1: not known
	Memory    int64            `json:"server_memory_bytes"`         // the most; -1: not known
	LoadCPU   float64          `json:"generator_cpu_percent"`       // of one core; -1: not known
	Beside    float64          `json:"beside_per_second,omitempty"` // what the crowd of storm and reports was answered
	Verified  *bool            `json:"verified,omitempty"`          // nil: nothing to verify, or not asked for
}

// measure runs the load with n clients, and returns what came of it and what each of them sold, both also with the error crowd_refused.
func (l *load) measure(ctx context.Context, number, n int, servers []process) (Point, []*roll, error) {
	members := make([]*client, 0, n)
	defer func() {
		for _, c := range members {
			c.link.close()
		}
	}()
	for i := range n {
		c, err := l.newClient(ctx, number, i)
		if err != nil {
			return Point{}, nil, fault.New(fault.Unavailable, "clients_not_connected", "only %d of %d clients could connect: %v", i, n, err)
		}
		members = append(members, c)
	}
	defer context.AfterFunc(ctx, func() { l.stop.Store(true) })()
	runtime.GC() // what the point before left is not collected in this one's time
	l.begin = time.Now()
	leave, err := l.visit(ctx)
	if err != nil {
		return Point{}, nil, err
	}
	done := l.start(ctx, members)
	served, own := l.watch(done, servers)
	<-done
	crowd, alone := leave()
	if err := ctx.Err(); err != nil {
		return Point{}, nil, err
	}
	p, rolls := l.sum(members)
	p.Beside = float64(crowd.ok) / (l.to - l.from).Seconds()
	p.note(crowd.tally.codes)
	p.ServerCPU, p.Memory, p.LoadCPU = served.percent, served.memory, own.percent
	if l.stop.Load() {
		return p, rolls, fault.New(fault.Unavailable, "server_gone", "a client of %s gave up after %d requests in a row without an answer", l.scenario.name, maxRow)
	}
	return p, rolls, alone
}

// start lets the clients sell and returns what is closed when they are done.
func (l *load) start(ctx context.Context, members []*client) <-chan struct{} {
	var running sync.WaitGroup
	for i, c := range members {
		if l.scenario.keys == 1 {
			running.Go(func() { c.sell(ctx) })
			continue
		}
		if i%l.scenario.keys > 0 {
			continue
		}
		g := newGroup(members[i : i+l.scenario.keys])
		for m := range g.members {
			running.Go(func() { g.sell(ctx, m) })
		}
	}
	done := make(chan struct{})
	go func() {
		running.Wait()
		close(done)
	}()
	return done
}

// watch measures the servers and this process during the measured time, or until the clients are done.
func (l *load) watch(done <-chan struct{}, servers []process) (served, own consumption) {
	wait(done, l.from-time.Since(l.begin))
	over := make(chan struct{})
	var watchers sync.WaitGroup
	each := make([]consumption, len(servers))
	for i, s := range servers {
		watchers.Go(func() { each[i] = s.watch(over) })
	}
	watchers.Go(func() { own = process("self").watch(over) })
	wait(done, l.to-time.Since(l.begin))
	close(over)
	watchers.Wait()
	return total(each), own
}

// wait returns after the time or when the channel is closed.
func wait(done <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// note adds codes of what was no answer to a client.
func (p *Point) note(codes map[string]int64) {
	for code, n := range codes {
		if p.Codes == nil {
			p.Codes = map[string]int64{}
		}
		p.Codes[code] += n
	}
}

// sum joins what the clients counted.
func (l *load) sum(members []*client) (Point, []*roll) {
	var t tally
	rolls := make([]*roll, len(members))
	for i, c := range members {
		t.join(&c.tally)
		rolls[i] = &c.roll
		if c.tally.unknown > 0 {
			c.roll.wrong.add("%d requests of client %d got no answer: whether they are booked is not known", c.tally.unknown, i+1)
		}
	}
	answered := t.n - t.refused - (t.errors - t.unknown)
	return Point{
		Scenario: l.scenario.name, Clients: len(members), Answers: answered,
		PerSecond: float64(answered) / (l.to - l.from).Seconds(),
		P50:       t.quantile(500), P95: t.quantile(950), P99: t.quantile(990), Max: t.max,
		Errors: t.errors, Refused: t.refused, InFlight: t.inFlight, Codes: t.codes,
	}, rolls
}
