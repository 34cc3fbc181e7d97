package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"kassa/core/fault"
)

// crowd is who keeps the server busy while others sell: each member sends one request after the other. They are counted apart.
type crowd struct {
	members int
	what    string
	write   func(m *visitor, n int) []byte // the member's n-th request
}

var (
	logins  = crowd{members: 8, what: "logins", write: writeLogin}
	readers = crowd{members: 2, what: "reports", write: writeReport}
)

// besides begins what is noted of them among the codes, so that it can be told from what the clients were answered.
const besides = "beside: "

// visitor is a member of a crowd.
type visitor struct {
	*load
	index   int
	address string
	link    *link
	lists   []string // the reports of the year
	request []byte
	ok      int64
	tally   tally // what was answered otherwise
}

func writeLogin(m *visitor, _ int) []byte {
	p := m.shop.callers[m.index]
	body, _ := json.Marshal(map[string]string{"email": p.email, "password": p.password}) // strings can always be written
	return fmt.Appendf(m.request[:0], "PUT /api/v1/users/session HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		m.address, len(body), body)
}

func writeReport(m *visitor, n int) []byte {
	path := "/api/v1" + m.lists[(n+m.index*len(m.lists)/m.scenario.whose.members)%len(m.lists)]
	return appendGet(m.request[:0], m.address, *m.shop.manager.token.Load(), []byte(path))
}

// visit lets the crowd of the scenario, if it has one, in until the measured time is over, and returns what makes the sum of it.
func (l *load) visit(ctx context.Context) (leave func() (visitor, error), err error) {
	var members []*visitor
	var gone []chan struct{}
	leave = func() (visitor, error) {
		var sum visitor
		for i, m := range members {
			<-gone[i]
			m.link.close()
			sum.ok += m.ok
			sum.tally.join(&m.tally)
		}
		if len(members) > 0 && sum.ok == 0 {
			return sum, fault.New(fault.Unavailable, "crowd_refused", "there were no %s beside the sales: %v", l.scenario.whose.what, sum.tally.codes)
		}
		return sum, nil
	}
	for i := 0; l.scenario.whose != nil && i < l.scenario.whose.members; i++ {
		m := &visitor{load: l, index: i, address: l.servers[i%len(l.servers)], lists: yearly(l.shop.today)}
		if m.link, err = dial(ctx, m.address, time.Now().Add(l.to+answerTime)); err != nil {
			l.stop.Store(true)
			_, _ = leave() // why it failed is what matters
			return nil, err
		}
		done := make(chan struct{})
		members, gone = append(members, m), append(gone, done)
		go func() {
			defer close(done)
			m.stay(ctx)
		}()
	}
	return leave, nil
}

// stay sends requests until the measured time is over.
func (m *visitor) stay(ctx context.Context) {
	for n := 0; time.Since(m.begin) < m.to && !m.stop.Load(); n++ {
		m.request = m.scenario.whose.write(m, n)
		a, err := m.link.exchange(m.request)
		switch now := time.Since(m.begin); {
		case err != nil || a.last:
			m.link.close()
			if err != nil {
				m.tally.note(besides + "no answer: " + err.Error())
			}
			next, e := dial(ctx, m.address, time.Now().Add(m.to-now+answerTime))
			if e != nil {
				return
			}
			m.link = next
		case now < m.from || now >= m.to:
		case a.status == 200:
			m.ok++
		default:
			m.tally.note(fmt.Sprintf("%s%d %s", besides, a.status, problemCode(a.body)))
		}
	}
}
