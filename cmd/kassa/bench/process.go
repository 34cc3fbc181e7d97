package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// process reads what the operating system says about a process, by its id or as self. Where it says nothing (not Linux, no id, a
// process of another machine) the figures are not known.
type process string

// cpu returns the processor time that the process has used in user and system mode.
func (p process) cpu() (time.Duration, bool) {
	if p == "" {
		return 0, false
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%s/stat", p))
	if err != nil {
		return 0, false
	}
	_, b, _ = bytes.Cut(b, []byte(") ")) // the name before it may hold spaces
	fields := strings.Fields(string(b))
	if len(fields) < 13 {
		return 0, false
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	const tick = 10 * time.Millisecond // Linux counts in hundredths for programs, on every machine
	return time.Duration(user+system) * tick, err1 == nil && err2 == nil
}

// memory returns the bytes of the process that are in memory.
func (p process) memory() (int64, bool) {
	if p == "" {
		return 0, false
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%s/statm", p))
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0, false
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err == nil
}

// consumption is what a process used during some time.
type consumption struct {
	percent float64 // of one core; -1: not known
	memory  int64   // the most bytes; -1: not known
}

// total is what several processes used together; not known where one is not.
func total(all []consumption) consumption {
	sum := consumption{}
	for _, u := range all {
		if u.percent < 0 || u.memory < 0 {
			return consumption{percent: -1, memory: -1}
		}
		sum.percent, sum.memory = sum.percent+u.percent, sum.memory+u.memory
	}
	return sum
}

// watch measures the process until the channel is closed.
func (p process) watch(over <-chan struct{}) consumption {
	u := consumption{percent: -1, memory: -1}
	begin := time.Now()
	before, known := p.cpu()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for running := true; running; {
		if m, ok := p.memory(); ok {
			u.memory = max(u.memory, m)
		}
		select {
		case <-over:
			running = false
		case <-tick.C:
		}
	}
	if after, ok := p.cpu(); ok && known {
		u.percent = 100 * float64(after-before) / float64(time.Since(begin))
	}
	return u
}
