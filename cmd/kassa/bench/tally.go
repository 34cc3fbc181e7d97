package bench

import (
	"bytes"
	"strconv"
)

// tally counts the answers of one client within the measured time.
type tally struct {
	histogram
	inFlight int64            // 409 idempotency_in_flight
	refused  int64            // other 409 and 422
	errors   int64            // whatever else is no 201
	unknown  int64            // requests without an answer, at any time
	codes    map[string]int64 // of what was not answered 201: status and code
}

// class says what an answer to a sale is.
type class uint8

const (
	created class = iota + 1
	inFlight
	refused
	failed
)

var inFlightCode = []byte("idempotency_in_flight")

func classify(a answer) class {
	switch {
	case a.status == 201:
		return created
	case a.status == 409 && bytes.Contains(a.body, inFlightCode):
		return inFlight
	case a.status == 409, a.status == 422:
		return refused
	}
	return failed
}

// count adds one answer within the measured time.
func (t *tally) count(a answer, c class, us int64) {
	t.record(us)
	switch c {
	case created:
		return
	case inFlight:
		t.inFlight++
	case refused:
		t.refused++
	case failed:
		t.errors++
	}
	t.note(strconv.Itoa(a.status) + " " + problemCode(a.body))
}

// lose notes a request that got no answer.
func (t *tally) lose(err error) {
	t.unknown++
	t.errors++
	t.note("no answer: " + err.Error())
}

// note counts what is not a bill, under at most 50 names.
func (t *tally) note(code string) {
	if t.codes == nil {
		t.codes = map[string]int64{}
	}
	if _, known := t.codes[code]; !known && len(t.codes) >= 50 {
		code = "others"
	}
	t.codes[code]++
}

// join adds another client's tally.
func (t *tally) join(o *tally) {
	t.add(&o.histogram)
	t.inFlight += o.inFlight
	t.refused += o.refused
	t.errors += o.errors
	t.unknown += o.unknown
	for code, n := range o.codes {
		if t.codes == nil {
			t.codes = map[string]int64{}
		}
		t.codes[code] += n
	}
}
